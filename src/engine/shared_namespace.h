// SPDX-License-Identifier: Apache-2.0
// The user namespace of a rootless store: one set of maps, shared by containers that run at the
// same time.
#pragma once

#include <array>
#include <optional>

#include <sys/resource.h>
#include <sys/types.h>

#include "base/fd.h"
#include "engine/engine.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

/// What /etc/subuid and /etc/subgid grant to the caller, whatever a store was made with. Throws
/// what runtime::default_id_maps throws.
runtime::IdMaps caller_id_maps();

/// Root has one default store, and it is of one of two kinds: what is hidden and opaque in a layer is
/// marked by xattrs that root of the machine reads, or by those that a user namespace reads (see
/// Engine::rootless). Throws Error{invalid} where it is of the other one. For commands; the monitor
/// is root of its own namespace.
void refuse_other_kind_of_store(const Engine& engine);

/// The id maps that the caller's store uses: what /etc/subuid and /etc/subgid grant, checked
/// against the maps the store was made with (data/idmap, written at first use, when a single id is
/// told of in a warning). Throws Error{conflict} with the remedy when they changed, and what
/// runtime::default_id_maps throws.
runtime::IdMaps store_id_maps(const Engine& engine);
/// With --strict: throws Error{unsupported} when these maps are a single id, in which owners of
/// files are recorded and not applied.
void refuse_single_id(const Engine& engine);

/// Whether a start of ours may join the user namespace `user_namespace` of process `pid`: it has
/// exactly `maps`, is ours and directly below our own (a container can make one below its own with
/// the same text of maps), and does not allow less than we have: the kernel keeps its maker's
/// limits of processes and locked memory as those of all who are in it (user_namespaces(7),
/// set_userns_rlimit_max). Throws Error, when the process ends.
bool may_join(int user_namespace, pid_t pid, const runtime::IdMaps& maps);

/// While it lives, the soft limits that a new user namespace takes over are the hard ones: others
/// will join it. fork(2) copies them, so restore() is called in the child as well.
class RaisedLimits {
  public:
    RaisedLimits();
    ~RaisedLimits() { restore(); }
    RaisedLimits(const RaisedLimits&) = delete;
    RaisedLimits& operator=(const RaisedLimits&) = delete;
    void restore() const;

  private:
    std::array<rlimit, 4> before_{};
};

/// The user namespace of a running container of this user with exactly `maps`; nothing when there
/// is none or it does not answer within a tenth of a second; never of one with an own namespace.
std::optional<Fd> find_shared_namespace(const Engine& engine, const runtime::IdMaps& maps);

}  // namespace skiff::engine
