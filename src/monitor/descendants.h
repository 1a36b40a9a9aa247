// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include <sys/types.h>

namespace skiff::monitor {

/// Sends SIGKILL to our children but for `spared`, and to the children of those; false when there
/// are none. Children that have ended and were not waited for count.
///
/// What is below the killed becomes our child (PR_SET_CHILD_SUBREAPER), so calling it until it is
/// false, with waits in between, ends everything. Needs /proc of our own pid namespace, with
/// "children" files (CONFIG_PROC_CHILDREN; see proc_pid_task(5)): without them it is false.
bool kill_descendants(std::span<const pid_t> spared);

}  // namespace skiff::monitor
