// SPDX-License-Identifier: Apache-2.0
#include "engine/build/base_image.h"

#include <array>

#include "base/error.h"
#include "engine/image/find.h"
#include "engine/registry/pull.h"
#include "storage/blobs.h"

namespace skiff::engine {
namespace {

/// What a layer of Docker's form is called in a manifest of OCI's.
std::string oci_type(const std::string& type) {
    using namespace oci::media_type;
    constexpr std::array<std::pair<std::string_view, std::string_view>, 5> names{{
        {docker_layer, oci_layer},
        {docker_layer_gzip, oci_layer_gzip},
        {docker_layer_zstd, oci_layer_zstd},
        {docker_foreign_layer_gzip, oci_layer_gzip},
        {oci_foreign_layer_gzip, oci_layer_gzip},
    }};
    for (const auto& [docker, ours] : names)
        if (type == docker) return std::string(ours);
    return type;
}

}  // namespace

void require_base_image(const Engine& engine, const std::string& name, const std::string& platform,
                        bool pull,
                        const std::function<void(const std::string& image, bool missing)>& bring) {
    const storage::Store store = storage::Store::open(engine.root());
    bool there = false;
    if (const auto image = find_stored_image(store, name)) {
        there = platform.empty() ||
                oci::suitability(oci::parse_platform(platform),
                                 read_image_config(store, image->id()).platform) > 0;
    } else if (find_built_in_image(name)) {
        get_stored_image(&store, name);  // says why it cannot be had
    }
    if (there && !pull) return;
    if (can_be_pulled(name)) bring(name, !there);
}

StageState load_base_image(const storage::Store& store, storage::Lease& lease,
                           const std::string& name) {
    const storage::StoreLock lock = store.lock(LockMode::shared);
    const StoredImage image = get_stored_image(&store, name);
    const storage::ImageRecord& record = image.record;
    StageState state;
    state.config = read_image_config(store, record.id);
    const oci::Manifest manifest = oci::parse_manifest(
        storage::read_blob(store, record.manifest.digest, oci::max_manifest_size),
        record.manifest.type, "the manifest of " + name);
    if (manifest.layers.size() != record.layers.size() ||
        state.config.diff_ids.size() != record.layers.size())
        throw Error(ErrorKind::invalid, "image {} is damaged: its documents disagree about layers",
                    name);
    std::vector<oci::Digest> keys;
    for (size_t i = 0; i < record.layers.size(); ++i) {
        const storage::LayerRecord& layer = record.layers[i];
        oci::Descriptor blob = manifest.layers[i];
        blob.type = oci_type(blob.type);
        keys.push_back(layer.chain);
        state.layers.push_back(
            {layer.chain, state.config.diff_ids[i], layer.size, layer.opaque, std::move(blob)});
    }
    lease.add_layers(lock, keys);
    lease.add_blobs(lock, record.blobs);
    // Of the image itself and of what it was imported from nothing is taken over.
    state.config.opaque.comment.clear();
    state.config.opaque.docker_version.clear();
    return state;
}

}  // namespace skiff::engine
