// SPDX-License-Identifier: Apache-2.0
// Removing what nothing reaches: mark, move to trash/ under the exclusive lock, delete afterwards
// without it.
//
// Roots are image records, references, container records, the build cache and live leases.
// Collection writes nothing but directory entries, so it works on a full disk; killed anywhere, it
// leaves things in trash/ or unreached, for the next one.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "oci/digest.h"
#include "storage/damage.h"
#include "storage/store.h"

namespace skiff::storage {

struct ContainerUse {
    std::string id;
    std::optional<oci::Digest> image;  ///< nothing: a built-in one
    std::vector<oci::Digest> layers;   ///< chain ids, those of mounted images among them
    bool running = false;              ///< its monitor holds the lock
};
/// What the containers of this store use, from containers/<id>/config.json ("image",
/// "layers", "mounted_layers"). A
/// directory without that file is a container that is being made: its lease speaks for it. What a
/// damaged one uses cannot be known; it is added to `damaged`.
std::vector<ContainerUse> list_container_uses(const Store& store, Damages& damaged);

struct Collection {
    std::vector<oci::Digest> layers;  ///< chain ids that went
    /// In the files of these layers and in the blobs that went.
    std::uint64_t bytes = 0;
    bool trash = false;  ///< there is something for empty_trash, perhaps of an earlier collection
    /// Roots that cannot be read. What they reach is not known, so while there are any, no layer
    /// and no blob goes.
    Damages damaged;
};
/// Moves every layer, blob, dead lease with its staging directory, and dangling link out of sight.
Collection collect(const Store& store, const StoreLock& exclusive);

/// Moves what killed processes were writing, and their leases, to the trash; true when there was
/// something. A look at one directory where nobody was killed. Takes the lock itself.
bool discard_dead_leases(const Store& store);

/// Deletes what lies in trash/. Run it as root of the store's id map, without the store's lock;
/// those who come at the same time wait. Throws SystemError naming the first object that stays.
void empty_trash(const Store& store);

}  // namespace skiff::storage
