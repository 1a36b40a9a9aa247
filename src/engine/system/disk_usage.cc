// SPDX-License-Identifier: Apache-2.0
#include "engine/system/disk_usage.h"

#include <map>
#include <set>

#include <fcntl.h>

#include "base/file.h"
#include "engine/build/prune.h"
#include "engine/container/lifecycle.h"
#include "engine/container/size.h"
#include "engine/volume/volumes.h"
#include "storage/image_records.h"
#include "storage/layers.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

/// With --userns a layer may have copies for other owners, which live as long as it does.
void add_copies(const storage::Store& store, std::map<std::string, std::uint64_t>& layers) {
    const Fd directory = open_at(store.fd(), "layers", O_RDONLY | O_DIRECTORY);
    for (const std::string& name : list_directory(directory.get())) {
        const auto key = oci::Digest::from_hex(name);
        if (!key) continue;
        try {
            const auto info = storage::find_layer(store, *key);
            if (!info || !info->origin) continue;
            const auto original = layers.find(info->origin->hex());
            if (original != layers.end()) original->second += info->size;
        } catch (const storage::DamagedFile&) {
            continue;  // whoever mounts it is told
        }
    }
}

UsageRow images_row(const Engine& engine, const std::vector<ContainerSummary>& containers) {
    UsageRow row{.type = "Images"};
    const auto store = storage::Store::find(engine.root());
    if (!store) return row;
    std::set<std::string> used;
    for (const ContainerSummary& container : containers) used.insert(container.record.image_id);
    std::map<std::string, std::uint64_t> layers;
    std::set<std::string> kept;
    storage::Damages damaged;
    for (const storage::ImageRecord& image : storage::list_image_records(*store, damaged)) {
        const bool active = used.contains(image.id.text());
        ++row.total;
        row.active += active ? 1 : 0;
        for (const storage::LayerRecord& layer : image.layers) {
            layers[layer.chain.hex()] = layer.size;
            if (active) kept.insert(layer.chain.hex());
        }
    }
    add_copies(*store, layers);
    for (const auto& [layer, size] : layers) {
        row.size += size;
        if (!kept.contains(layer)) row.reclaimable += size;
    }
    return row;
}

UsageRow containers_row(const Engine& engine, const std::vector<ContainerSummary>& containers) {
    UsageRow row{.type = "Containers", .total = containers.size()};
    std::vector<ContainerRecord> records;
    for (const ContainerSummary& container : containers) records.push_back(container.record);
    const auto sizes = container_sizes(engine, records);
    for (const ContainerSummary& container : containers) {
        const auto found = sizes.find(container.record.id);
        const std::uint64_t size = found == sizes.end() ? 0 : found->second.own;
        row.size += size;
        if (is_active(container.state.status))
            ++row.active;
        else
            row.reclaimable += size;
    }
    return row;
}

UsageRow volumes_row(const Engine& engine) {
    UsageRow row{.type = "Local Volumes"};
    const std::vector<VolumeSummary> volumes = list_volumes(engine, true);
    std::vector<std::string> names;
    for (const VolumeSummary& volume : volumes) names.push_back(volume.record.name);
    const auto sizes = volume_sizes(engine, names);
    row.total = volumes.size();
    for (const VolumeSummary& volume : volumes) {
        const auto found = sizes.find(volume.record.name);
        const std::uint64_t size = found == sizes.end() ? 0 : found->second;
        row.size += size;
        if (volume.in_use)
            ++row.active;
        else
            row.reclaimable += size;
    }
    return row;
}

/// What an image has as well is counted there.
UsageRow cache_row(const Engine& engine) {
    UsageRow row{.type = "Build Cache"};
    for (const CachedStep& step : list_build_cache(engine)) {
        ++row.total;
        if (step.in_use) {
            ++row.active;
        } else {
            row.size += step.size;
            row.reclaimable += step.size;
        }
    }
    return row;
}

}  // namespace

std::vector<UsageRow> disk_usage(const Engine& engine) {
    const std::vector<ContainerSummary> containers = list_containers(engine, true);
    return {images_row(engine, containers), containers_row(engine, containers), volumes_row(engine),
            cache_row(engine)};
}

}  // namespace skiff::engine
