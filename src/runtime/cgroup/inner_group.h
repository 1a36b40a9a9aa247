// SPDX-License-Identifier: Apache-2.0
// A container that manages groups itself (systemd, an engine inside) hands controllers on, and a v2
// group that does takes no process any more (cgroups(7), "no internal processes"): whoever joins
// goes to where its first process has gone.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/fd.h"
#include "runtime/cgroup/container_groups.h"

namespace skiff::runtime {

/// The part of a process's membership ("0::/a/ID/init.scope" in /proc/PID/cgroup) below the group
/// at `path` ("/sys/fs/cgroup/a/ID"), whatever part of the hierarchy is mounted there:
/// "init.scope". Nothing when it is in the group itself or elsewhere. Pure.
std::optional<std::string> membership_below(std::string_view memberships, std::string_view path);

/// For clone3's CLONE_INTO_CGROUP: the group in which process `init` is, below the container's own,
/// when that one takes no process. Invalid when it does, and without v2. Throws SystemError.
Fd open_inner_group(const ContainerGroups& groups, pid_t init);

}  // namespace skiff::runtime
