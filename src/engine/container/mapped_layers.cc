// SPDX-License-Identifier: Apache-2.0
#include "engine/container/mapped_layers.h"

#include <algorithm>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"
#include "engine/shared_namespace.h"
#include "engine/store_namespace.h"
#include "runtime/userns/container_maps.h"
#include "runtime/userns/stored_id_map.h"
#include "storage/layers.h"
#include "storage/lease.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

constexpr std::uint32_t overflow_id = 65534;

oci::Digest layer_digest(const std::string& chain) {
    return oci::Digest::require("sha256:" + chain, "a layer of the container");
}

oci::Digest mapped_key(const std::string& chain, const ContainerRecord& record) {
    return storage::mapped_layer_key(layer_digest(chain), runtime::save_id_maps(*record.id_maps));
}

/// Of the container's root file system and of images that are mounted in it.
std::vector<std::string> all_layers(const ContainerRecord& record) {
    std::vector<std::string> layers = record.layers;
    for (const MountRequest& mount : record.mounts)
        layers.insert(layers.end(), mount.layers.begin(), mount.layers.end());
    std::ranges::sort(layers);
    layers.erase(std::unique(layers.begin(), layers.end()), layers.end());
    return layers;
}

std::uint32_t lost_id(const std::vector<runtime::IdExtent>& map,
                      const std::vector<runtime::IdExtent>& own) {
    // A map of all ids loses none.
    return runtime::unmapped_id(map, runtime::lendable_ids(own)).value_or(overflow_id);
}

void copy_layers(const storage::Store& store, const std::vector<std::string>& layers,
                 const ContainerRecord& record, const runtime::IdMaps& own) {
    storage::Lease lease = storage::Lease::take(store);
    const runtime::IdMaps& maps = *record.id_maps;
    const IdTranslation translation =
        to_outside_translation(maps, lost_id(maps.uids, own.uids), lost_id(maps.gids, own.gids));
    std::vector<storage::LayerWriter> writers;
    writers.reserve(layers.size());
    for (const std::string& chain : layers) {
        const oci::Digest origin = layer_digest(chain);
        auto info = storage::find_layer(store, origin);
        if (!info)
            throw Error(ErrorKind::not_found, "layer {} of image {} is missing from the store",
                        chain, record.image_name);
        storage::LayerWriter& writer = writers.emplace_back(lease);
        copy_tree(storage::open_layer_tree(store, origin), RootDir(duplicate(writer.tree())),
                  translation, LayerMarks::keep);
        // It is on the disk for good before it is visible, whatever the original is.
        info->boot.clear();
        info->origin = origin;
        writer.seal(*info);
    }
    storage::sync_staging(store);
    for (size_t i = 0; i < layers.size(); ++i) writers[i].commit(mapped_key(layers[i], record));
}

}  // namespace

IdTranslation to_outside_translation(const runtime::IdMaps& maps, std::uint32_t lost_uid,
                                     std::uint32_t lost_gid) {
    return {[&maps, lost_uid](uid_t id) { return to_outside(maps.uids, id).value_or(lost_uid); },
            [&maps, lost_gid](gid_t id) { return to_outside(maps.gids, id).value_or(lost_gid); }};
}

IdTranslation to_inside_translation(const runtime::IdMaps& maps) {
    return {[&maps](uid_t id) { return to_inside(maps.uids, id).value_or(overflow_id); },
            [&maps](gid_t id) { return to_inside(maps.gids, id).value_or(overflow_id); }};
}

bool wants_mapped_layers(bool rootless, const ContainerRecord& record) {
    return rootless && record.id_maps &&
           !(runtime::is_identity(record.id_maps->uids) &&
             runtime::is_identity(record.id_maps->gids));
}

std::vector<std::string> mapped_layers(const std::vector<std::string>& layers,
                                       const ContainerRecord& record) {
    std::vector<std::string> keys;
    for (const std::string& chain : layers) keys.push_back(mapped_key(chain, record).hex());
    return keys;
}

void make_mapped_layers(const Engine& engine, const ContainerRecord& record) {
    if (!wants_mapped_layers(engine.rootless(), record)) return;
    const auto store = storage::Store::find(engine.root());
    if (!store) return;
    std::vector<std::string> missing;
    std::uint64_t bytes = 0;
    for (const std::string& chain : all_layers(record)) {
        if (storage::has_layer(*store, mapped_key(chain, record))) continue;
        missing.push_back(chain);
        if (const auto info = storage::find_layer(*store, layer_digest(chain))) bytes += info->size;
    }
    if (missing.empty()) return;
    engine.warn(fmt::format("copying {} layer{} ({}) once for the ids of --userns {}",
                            missing.size(), missing.size() == 1 ? "" : "s", human_size(bytes),
                            record.request.namespaces.user));
    const runtime::IdMaps own = store_id_maps(engine);
    run_in_store_namespace(engine, *store, [&](const LayerOwnership&) {
        copy_layers(*store, missing, record, own);
        return std::string();
    });
    engine.phases().mark("layers with other owners");
}

}  // namespace skiff::engine
