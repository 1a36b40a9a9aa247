// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/container/container_files.h"

namespace skiff::engine {

/// Ends what a killed monitor left of its container: processes in its recorded control groups, and
/// the groups. Without groups and without a pid namespace (--pid host, rootless) it kills every
/// process whose root is on the container's writable layer; nothing else finds those that left the
/// process tree.
///
/// The caller holds the container's lock, so none of it is anybody's. `record`: nothing when it
/// cannot be read, which means --pid host may have been asked. Throws Error{in_use} naming
/// processes that do not end: the writable layer must not be used meanwhile.
void end_leftovers(const Engine& engine, const std::string& id, const ContainerState& state,
                   const std::optional<ContainerRecord>& record);

/// Kills every process whose root is on the writable layer of container `id`, and returns when they
/// are gone. Throws Error{in_use} when they do not end.
void kill_strays(const std::string& id);

}  // namespace skiff::engine
