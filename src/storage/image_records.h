// SPDX-License-Identifier: Apache-2.0
// Which images there are, and what they are called.
//
//     images/records/<hex of the image id>    the image: its manifest, its blobs, its layers' chain
//     ids and sizes images/refs/<percent-encoded reference> the name: the image id and the
//     descriptor of the manifest
//
// An image id is the digest of the image's configuration, as everywhere. A record holds nothing
// that could not be computed from the manifest and the configuration, but spares `run` reading one
// and hashing the other's diff ids. An image without any reference (its name was given to another
// one) lives until it is removed or pruned.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/timestamp.h"
#include "oci/digest.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "storage/damage.h"
#include "storage/store.h"

namespace skiff::storage {

struct LayerRecord {
    oci::Digest chain;
    std::uint64_t size = 0;  ///< bytes in its files
    bool opaque = false;     ///< hides the layers below
};

struct ImageRecord {
    oci::Digest id;
    oci::Descriptor manifest;
    std::vector<oci::Digest> blobs;   ///< the configuration and the layers as they came
    std::vector<LayerRecord> layers;  ///< lowest first
    Timestamp tagged;                 ///< when it last got a name, or came

    /// Chain ids of the layers that make the root file system, lowest first: all, or those from an
    /// opaque one on.
    std::vector<oci::Digest> visible_layers() const;
    /// Bytes in the files of all layers.
    std::uint64_t size() const;
};

struct ReferenceRecord {
    oci::Reference reference;
    oci::Digest image;
    oci::Descriptor manifest;
};

// Reading. A damaged file is thrown as DamagedFile; lists add it to `damaged` and go on.

std::optional<ImageRecord> find_image_record(const Store& store, const oci::Digest& id);
std::vector<ImageRecord> list_image_records(const Store& store, Damages& damaged);
/// Ids that begin with the lower-case hexadecimal digits `prefix`, damaged records' too; reads one
/// directory.
std::vector<oci::Digest> find_image_ids(const Store& store, std::string_view prefix);
/// The reference as it stands; no default tag is added. Reads one file.
std::optional<ReferenceRecord> find_reference(const Store& store, const oci::Reference& reference);
/// Sorted by their text.
std::vector<ReferenceRecord> list_references(const Store& store, Damages& damaged);

// Writing. All need the store's lock: shared to add (what is named is under a lease of the caller,
// or was found under this very lock), exclusive to remove. On disk on return.

void put_image_record(const Store& store, const StoreLock& lock, const ImageRecord& record);
void put_reference(const Store& store, const StoreLock& lock, const ReferenceRecord& record);
/// False when absent. Needs no space on the disk, and takes whatever is there under the name.
bool remove_reference(const Store& store, const StoreLock& lock, const oci::Reference& reference);
bool remove_image_record(const Store& store, const StoreLock& lock, const oci::Digest& id);

/// The file name of a reference below images/refs/: at most 240 bytes, never hidden, injective.
std::string reference_file_name(const oci::Reference& reference);

}  // namespace skiff::storage
