// SPDX-License-Identifier: Apache-2.0
// A container's secrets as files in memory: nothing of them is on a disk or in a writable layer.
#pragma once

#include <functional>
#include <vector>

#include "base/fd.h"
#include "engine/container/record.h"
#include "runtime/plan/launch_plan.h"

namespace skiff::engine {

/// What is to be mounted, ready: each file detached, read-only, with its owner and mode.
/// `owner` says how our user namespace counts an id of the container. The caller is root of its
/// mount namespace. Throws SystemError.
std::vector<runtime::MountStep> secret_mounts(int container_directory, const CreateRequest& request,
                                              const std::function<uid_t(uid_t)>& user,
                                              const std::function<gid_t(gid_t)>& group);

}  // namespace skiff::engine
