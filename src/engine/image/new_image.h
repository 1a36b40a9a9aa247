// SPDX-License-Identifier: Apache-2.0
// Adding images to the store, in two phases: everything is staged and verified first, then all of
// it becomes visible.
//
// A failure before commit leaves the store as it was. A kill during commit leaves blobs and layers
// that nothing reaches, for the collector; the image's record and then its names come last.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/store_namespace.h"
#include "oci/image_config.h"
#include "oci/manifest.h"
#include "oci/reference.h"
#include "storage/archive/source.h"
#include "storage/blobs.h"
#include "storage/layers.h"
#include "storage/lease.h"

namespace skiff::engine {

/// Layers and images on their way into the store. Runs inside the store's namespace.
class ImageStaging {
  public:
    ImageStaging(const storage::Store& store, const LayerOwnership& ownership);

    storage::Lease& lease() { return lease_; }

    /// A layer as a blob, in the form in which it came.
    struct StagedBlob {
        std::shared_ptr<storage::PendingBlob> writer;
        std::string_view type;  ///< OCI media type: what the bytes are, whatever was claimed
    };
    /// Takes the bytes of a layer: compressed ones (gzip, zstd) as they are, plain ones packed; xz
    /// becomes plain. `name` is for messages.
    StagedBlob take_layer(storage::ByteSource& raw, const std::string& name);

    /// Takes and unpacks the lowest layer in one pass over the bytes. Returns blob and diff id.
    struct ImportedLayer {
        StagedBlob blob;
        oci::Digest diff;
    };
    ImportedLayer import_layer(storage::ByteSource& raw, const std::string& name);

    /// Unpacks (where the store has it not) the last of the layers with these diff ids, lowest
    /// first; those below are there or unpacked here. The plain bytes must have the last digest,
    /// else Error{invalid}.
    void unpack_layer(const StagedBlob& blob, std::span<const oci::Digest> diffs,
                      const std::string& name);

    // For layers that are unpacked elsewhere (registry/layer_transfer.h), side by side:

    /// The names by which this store has the layers with these diff ids, lowest first.
    std::vector<oci::Digest> layer_keys(std::span<const oci::Digest> diffs) const {
        return keys(diffs);
    }
    /// How to unpack a layer whose digest is compared afterwards.
    storage::ExtractOptions extract_options(
        std::function<std::span<const RootDir>()> lowers) const {
        return extract_options(std::move(lowers), storage::EndMarker::optional);
    }
    /// For a layer whose archive does not list its root, once the tree below is complete.
    void inherit_root(const RootDir& below, const storage::LayerWriter& writer) const;
    /// Takes a sealed layer; without a writer it is one that the store has, under our lease.
    void add_layer(const oci::Digest& key, const storage::LayerInfo& info,
                   std::unique_ptr<storage::LayerWriter> writer);

    /// An image of layers that were taken and unpacked here, in the order of the configuration's
    /// diff ids.
    struct NewImage {
        std::string config_text;
        oci::ImageConfig config;
        std::vector<StagedBlob> layers;
        /// A manifest that came with the image, kept byte by byte; nothing: one is written.
        std::optional<std::string> manifest_text;
        std::string manifest_type;
        std::vector<oci::Reference> references;
    };
    /// Returns the image id.
    oci::Digest add(NewImage image);

    /// Makes all of it visible, on disk.
    void commit();

  private:
    struct StagedLayer {
        oci::Digest key;  ///< storage::layer_keys
        storage::LayerInfo info;
        std::unique_ptr<storage::LayerWriter> writer;  ///< none: the store has it
    };
    std::vector<oci::Digest> keys(std::span<const oci::Digest> diffs) const;
    const StagedLayer* find_staged(const oci::Digest& key) const;
    std::vector<RootDir> open_trees(std::span<const oci::Digest> keys) const;
    storage::ExtractOptions extract_options(std::function<std::span<const RootDir>()> lowers,
                                            storage::EndMarker end_marker) const;
    storage::LayerInfo layer_info(const oci::Digest& key) const;

    const storage::Store& store_;
    LayerOwnership ownership_;
    storage::Lease lease_;
    std::vector<StagedLayer> layers_;
    std::vector<NewImage> images_;
};

}  // namespace skiff::engine
