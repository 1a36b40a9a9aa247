// SPDX-License-Identifier: Apache-2.0
// Images that are complete and verified, and not yet known to be on the disk.
//
//     unsettled/<boot id>/images/…      blobs, records and references as in images/ (store.h)
//     unsettled/<boot id>/lock          held by whoever settles
//     layers/<chain id>/meta-<boot id>  the meta.json of a layer (layers.h)
//
// What has its final name is on the disk for good: it gets that name after a syncfs(2) that
// reported no error, and by a rename alone. Until then it counts in the boot that its place names,
// before what has the final name, and in any other boot it is not there: whatever a lost power left
// of it, whole, empty or in pieces, nobody looks at. So nothing is asked of the order in which a
// file system writes, with a journal or without; and what an unsettled name took the place of is
// still there when the power comes back.
#pragma once

#include <string>
#include <vector>

#include "storage/store.h"

namespace skiff::storage {

/// Where to look for "images/…", in this order: prefixes of paths below the data directory. Only
/// the last, "", where nothing is unsettled; to know that costs a look at one name.
std::vector<std::string> image_places(const Store& store);
/// The prefix of what is published unsettled. Makes its folders. The lock (shared) keeps them
/// there.
std::string make_unsettled_place(const Store& store, const StoreLock& lock);

/// Something was published in this boot and has not been settled.
bool has_unsettled(const Store& store);
/// The same, and no process is at it.
bool is_settling_abandoned(const Store& store);

/// Waits until all that is unsettled now is on the disk, and gives it its final names. One process
/// does it at a time. `sync_fd` is of the store's file system: an error of writing is told to
/// descriptors that were open when it happened. Where there was one, what is unsettled is gone from
/// the store on return, and SystemError is thrown. Anybody may remove or replace what is being
/// settled meanwhile. Also removes what other boots left.
void settle(const Store& store, int sync_fd);

/// Forgets what is unsettled, for whoever is about to delete the store: a process that settles
/// finds nothing to do any more.
void forget_unsettled(const Store& store);

}  // namespace skiff::storage
