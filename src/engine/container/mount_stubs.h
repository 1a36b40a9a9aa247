// SPDX-License-Identifier: Apache-2.0
// What the launcher makes in a writable layer as places to mount on: an empty file or directory
// where the image has none. No program can have changed them, since they were covered; so they are
// nobody's work, and have no place in a layer.
#pragma once

#include <string>
#include <vector>

#include "engine/container/layer_stack.h"
#include "engine/container/record.h"

namespace skiff::engine {

/// Where something is mounted in every container.
const std::vector<std::string>& launcher_targets();

/// All places in the container of `record` where something of ours or of the user's is mounted.
std::vector<std::string> mount_targets(const ContainerRecord& record);

/// What of the topmost tree of `stack` is there for the sake of mounts on `targets` alone, also
/// where links lead to it: paths relative to the root, inner ones first. Directories that were
/// copied up, or made, for nothing else are among them.
std::vector<std::string> find_mount_stubs(const LayerStack& stack,
                                          std::vector<std::string> targets);

}  // namespace skiff::engine
