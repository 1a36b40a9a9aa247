// SPDX-License-Identifier: Apache-2.0
// Work done as root of a user namespace: in a child made for it, or in one that lives already.
//
// The container itself is cloned elsewhere (runtime/init/), with the same maps; this is for the
// work around it: unpacking and removing files of subordinate ids.
#pragma once

#include <functional>

#include "base/fd.h"
#include "runtime/userns/id_map.h"
#include "runtime/userns/namespace_refusal.h"

namespace skiff::runtime {

/// Runs `act` in a forked child that is uid 0 and gid 0, without supplementary groups, of a new
/// user namespace with `maps` and of a new mount namespace, and waits for it. Returns what `act`
/// returned (0 to 255).
///
/// Standard input, output and error are the caller's, as is every other descriptor (files that only
/// a supplementary group may read are opened before). An Error that leaves `act` is thrown here
/// with the same kind and message, any other exception as Error{system}; so is death by a signal.
/// The child has one thread and dies with the caller. The caller must have one thread and be
/// dumpable (newuidmap checks the owner of /proc/PID). Throws Error{unsupported} where user
/// namespaces are forbidden, saying by what; what write_id_maps throws; SystemError.
int run_in_user_namespace(const IdMaps& maps, const std::function<int()>& act,
                          const NamespaceSwitches& switches = {});

/// A user namespace with `maps` that nobody is in, for mount_setattr(2)'s MOUNT_ATTR_IDMAP. Throws
/// what write_id_maps throws; SystemError.
Fd make_user_namespace(const IdMaps& maps);

/// What becomes of the caller's supplementary groups, which have no name in the namespace.
enum class Groups { drop, keep };

/// Moves the calling process (one thread) into the live user namespace of `namespace_fd` and makes
/// it root there. Takes 0.02 ms, against 1.5 ms for a new one with its maps. The mount namespace
/// stays; unshare it after. Throws SystemError; EINVAL means that the process is in it already.
void join_user_namespace(int namespace_fd, Groups groups = Groups::drop);

/// setgroups(0) unless they are kept, setresgid(0), setresuid(0): what a fresh member of a user
/// namespace does first. A namespace that denies setgroups(2) (single id) keeps its groups. Throws
/// SystemError.
void become_namespace_root(Groups groups = Groups::drop);

}  // namespace skiff::runtime
