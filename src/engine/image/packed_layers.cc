// SPDX-License-Identifier: Apache-2.0
#include "engine/image/packed_layers.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "engine/build/layer_work.h"
#include "engine/image/find.h"
#include "engine/store_namespace.h"
#include "storage/archive/tar_write.h"
#include "storage/blobs.h"
#include "storage/layers.h"

namespace skiff::engine {
namespace {

struct Missing {
    oci::Digest layer;
    oci::Digest diff;
    std::optional<oci::Digest> below;  ///< the layer that this one comes on top of
};

std::vector<Missing> find_missing(const storage::Store& store,
                                  std::span<const storage::ImageRecord> images) {
    std::vector<Missing> missing;
    for (const storage::ImageRecord& image : images) {
        std::vector<oci::Digest> absent;
        for (const oci::Digest& blob : image.blobs)
            if (!storage::has_blob(store, blob)) absent.push_back(blob);
        if (absent.empty()) continue;
        const std::vector<oci::Digest> diffs = read_image_config(store, image.id).diff_ids;
        for (size_t i = 0; i < diffs.size() && i < image.layers.size(); ++i)
            if (std::ranges::find(absent, diffs[i]) != absent.end())
                missing.push_back(
                    {image.layers[i].chain, diffs[i],
                     i == 0 ? std::nullopt : std::optional(image.layers[i - 1].chain)});
    }
    return missing;
}

}  // namespace

void pack_layers(const Engine& engine, storage::Lease& lease,
                 std::span<const storage::ImageRecord> images) {
    const storage::Store& store = lease.store();
    const std::vector<Missing> missing = find_missing(store, images);
    if (missing.empty()) return;
    lease.staging();  // ours to remove, whoever fills it
    run_in_store_namespace(engine, store, [&](const LayerOwnership& ownership) {
        std::vector<std::unique_ptr<storage::BlobWriter>> blobs;
        for (const Missing& layer : missing) {
            blobs.push_back(
                std::make_unique<storage::BlobWriter>(lease, storage::BlobForm::packed));
            std::optional<RootDir> below;
            if (layer.below) below.emplace(storage::open_layer_tree(store, *layer.below));
            storage::write_layer_tar(storage::open_layer_tree(store, layer.layer), *blobs.back(),
                                     layer_tar_options(ownership, below ? &*below : nullptr));
            if (blobs.back()->finish().digest != layer.diff)
                throw Error(ErrorKind::invalid,
                            "the layer {} was changed in the store: it has the content {}, and its "
                            "image names {}",
                            layer.layer.short_id(), blobs.back()->finish().digest.text(),
                            layer.diff.text());
        }
        storage::sync_staging(store);
        for (const auto& blob : blobs) blob->publish();
        return std::string();
    });
}

}  // namespace skiff::engine
