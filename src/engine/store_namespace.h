// SPDX-License-Identifier: Apache-2.0
// Work on files of a store that belong to subordinate ids: unpacking and removing layers.
//
// As the host's root that is ordinary work. Rootless it is done by a child that is root of a user
// namespace with the store's id map (runtime/userns/); the map is written down in the store when it
// is first used ("idmap"), and a changed /etc/subuid is refused afterwards, since the files would
// be somebody else's.
#pragma once

#include <functional>
#include <string>

#include "engine/engine.h"
#include "storage/archive/extract.h"
#include "storage/store.h"

namespace skiff::engine {

/// How layers of a store are unpacked.
struct LayerOwnership {
    storage::Ownership ownership = storage::Ownership::apply;
    storage::OverlayXattrs overlay_xattrs = storage::OverlayXattrs::trusted;
};

/// How they are unpacked in the store of `engine`.
LayerOwnership layer_ownership(const Engine& engine);

/// Runs `act` where layer trees may be made and removed, and returns what it returned. Descriptors
/// are shared with the caller, changes of memory are not. Throws what `act` throws, and what
/// runtime::run_in_user_namespace does. The caller must have one thread.
std::string run_in_store_namespace(const Engine& engine, const storage::Store& store,
                                   const std::function<std::string(const LayerOwnership&)>& act);

/// The same with a mount namespace of its own, as root too, for looking at what is not mounted
/// otherwise. Nothing that `act` mounts is seen by anybody else or outlives it.
std::string run_with_own_mounts(const Engine& engine, const std::function<std::string()>& act);

/// Deletes what lies in the store's trash.
void empty_store_trash(const Engine& engine, const storage::Store& store);

}  // namespace skiff::engine
