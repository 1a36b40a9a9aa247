// SPDX-License-Identifier: Apache-2.0
// Unpacked layers, by chain id: the digest of a layer together with all below it (image-spec "Layer
// ChainID").
//
// A layer is shared by every image that begins with the same layers. Its tree is one lower
// directory of overlay and never changes; whiteouts and opaque marks in it are overlay's own.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/root_dir.h"
#include "oci/digest.h"
#include "storage/archive/extract.h"
#include "storage/damage.h"
#include "storage/lease.h"
#include "storage/store.h"

namespace skiff::storage {

/// The chain ids of the layers with these diff ids, lowest first.
std::vector<oci::Digest> chain_ids(std::span<const oci::Digest> diff_ids);
/// By what the store names these layers: their chain ids, or, where owners are only recorded (a
/// user with a single id), digests made from them. So a user who is given a range later has layers
/// of both kinds side by side, and no image is made of both.
std::vector<oci::Digest> layer_keys(std::span<const oci::Digest> diff_ids, Ownership ownership);

/// By what the store names the copy of the layer `key` with other owners; `maps` says which.
oci::Digest mapped_layer_key(const oci::Digest& key, std::string_view maps);

struct LayerInfo {
    oci::Digest diff;
    std::uint64_t size = 0;  ///< bytes in its files
    /// Hides all layers below. Overlay ignores the mark on a layer's root, so those are left out of
    /// the mount.
    bool opaque = false;
    /// Empty: on disk for good. Else the boot in which it was written and not yet flushed: a build
    /// does not wait for the disk after each step, and in any other boot such a layer is absent.
    std::string boot = {};
    /// A copy of that layer for a container with maps of its own; it stays as long as that one.
    std::optional<oci::Digest> origin = {};
};

/// A layer that is being unpacked in the staging directory of a lease; commit makes it visible.
class LayerWriter {
  public:
    /// Borrows the lease. Makes an empty tree (0755).
    explicit LayerWriter(Lease& lease);

    /// The tree, to be filled.
    int tree() const { return tree_.get(); }
    /// The same, relative to the data directory.
    std::string tree_path() const { return directory_ + "/tree"; }
    /// Something of the same file system was moved in the place of the empty tree.
    void reopen();
    /// The tree is complete. To be followed by sync_staging.
    void seal(const LayerInfo& info);
    /// Makes the sealed layer visible. It may exist already: then this one is dropped, or mends it.
    void commit(const oci::Digest& chain);

  private:
    Lease& lease_;
    std::string directory_;  ///< relative to the data directory
    Fd tree_;
};

/// After sync_staging: a layer with LayerInfo::boot is on disk for good from here on.
void keep_layer(const Store& store, const oci::Digest& chain);

/// Complete and readable; a damaged one is to be unpacked again.
bool has_layer(const Store& store, const oci::Digest& chain);

/// Nothing when absent. Throws DamagedFile when meta.json is damaged.
std::optional<LayerInfo> find_layer(const Store& store, const oci::Digest& chain);

/// The tree of a layer. Throws Error{not_found}.
RootDir open_layer_tree(const Store& store, const oci::Digest& chain);

/// The name below l/ by which overlay is told of the layer's tree: eight characters, unique in this
/// store. Nothing when the layer is absent. Costs a readlink and a stat; a lost link is made again.
std::optional<std::string> find_layer_link(const Store& store, const oci::Digest& chain);

/// Flushes the file system of the store once, for everything that is staged: unpacked trees of
/// thousands of files are synced faster together than one by one. Throws SystemError.
void sync_staging(const Store& store);
/// Makes the names in a directory of the store durable.
void sync_directory(const Store& store, const char* name);

}  // namespace skiff::storage
