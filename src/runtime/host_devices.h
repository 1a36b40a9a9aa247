// SPDX-License-Identifier: Apache-2.0
// The devices of a privileged container: all that the host has.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/plan/launch_plan.h"

namespace skiff::runtime {

/// The character and block nodes below the host's /dev, sorted by name, but for those that a
/// container has its own of: terminals (pts, ptmx, console) and what lies in shm and mqueue.
/// Directories that may not be read count as empty. None is opened; each is optional.
std::vector<DeviceStep> find_host_devices();

/// Whether a container has its own of this: "/dev/ptmx", or something below "/dev/pts".
bool is_own_of_container(std::string_view path);

/// Adds them to `plan`, but for those that it has and those below a mount that the user asked for.
void add_host_devices(LaunchPlan& plan);

}  // namespace skiff::runtime
