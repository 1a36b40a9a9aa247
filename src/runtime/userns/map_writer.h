// SPDX-License-Identifier: Apache-2.0
// Gives a new user namespace its maps.
#pragma once

#include <sys/types.h>

#include "runtime/userns/id_map.h"

namespace skiff::runtime {

/// Writes the id maps of the user namespace that the child process `pid` was just cloned into; the
/// child must wait (setgroups and uids before the maps are written fail).
///
/// With CAP_SETUID and CAP_SETGID the files in /proc are written directly; a single-id map never
/// needs privilege, and denies setgroups(2) in the namespace for good; everything else goes through
/// newuidmap(1) and newgidmap(1), started at once. `pid` must not have been reaped (its number
/// could be somebody else's). Throws Error{invalid} for an impossible map; Error{denied} when a
/// helper refuses, saying why; Error{unsupported} when one is missing; SystemError when the kernel
/// refuses. The namespace is useless afterwards: end the child. See user_namespaces(7), "Defining
/// user and group ID mappings".
void write_id_maps(pid_t pid, const IdMaps& maps);

}  // namespace skiff::runtime
