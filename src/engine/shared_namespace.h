// SPDX-License-Identifier: Apache-2.0
// The user namespace of a rootless store: one set of maps, shared by containers that run at the
// same time.
#pragma once

#include <optional>

#include "base/fd.h"
#include "engine/engine.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

/// What /etc/subuid and /etc/subgid grant to the caller, whatever a store was made with. Throws
/// what runtime::default_id_maps throws.
runtime::IdMaps caller_id_maps();

/// The id maps that the caller's store uses: what /etc/subuid and /etc/subgid grant, checked
/// against the maps the store was made with (data/idmap, written at first use, when a single id is
/// told of in a warning). Throws Error{conflict} with the remedy when they changed, and what
/// runtime::default_id_maps throws.
runtime::IdMaps store_id_maps(const Engine& engine);
/// With --strict: throws Error{unsupported} when these maps are a single id, in which owners of
/// files are recorded and not applied.
void refuse_single_id(const Engine& engine);

/// The user namespace of a running container of this user with exactly `maps`; nothing when there
/// is none or it does not answer within a tenth of a second.
std::optional<Fd> find_shared_namespace(const Engine& engine, const runtime::IdMaps& maps);

}  // namespace skiff::engine
