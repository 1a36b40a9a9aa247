// SPDX-License-Identifier: Apache-2.0
// A directory that a running container sees, for another one to see as well.
#pragma once

#include "base/fd.h"

namespace skiff::runtime {

/// A detached copy of the tmpfs at `path` in the mount namespace `mount_namespace` (of
/// /proc/PID/ns/mnt). The path is the other container's to arrange: no link in it is followed, and
/// anything but a tmpfs is refused. A child of ours goes there, so the caller has one thread.
///
/// Throws Error{unsupported} where there is no such tmpfs, SystemError.
Fd copy_foreign_tmpfs(int mount_namespace, const char* path);

/// The same of the procfs at /proc, without what is mounted on it: a procfs of a pid namespace is
/// made by its members alone, and nobody of ours is to have rights in somebody else's. It must show
/// `pid_namespace` (of /proc/PID/ns/pid), and not, say, the host's processes.
Fd copy_foreign_procfs(int mount_namespace, int pid_namespace);

}  // namespace skiff::runtime
