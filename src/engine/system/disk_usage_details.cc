// SPDX-License-Identifier: Apache-2.0
#include "engine/system/disk_usage_details.h"

#include "engine/container/lifecycle.h"
#include "engine/volume/volume_users.h"
#include "engine/volume/volumes.h"
#include "storage/image_records.h"
#include "storage/store.h"

namespace skiff::engine {

std::map<std::string, ImageUsage> image_usage(const Engine& engine) {
    std::map<std::string, ImageUsage> usage;
    const auto store = storage::Store::find(engine.root());
    if (!store) return usage;
    storage::Damages damaged;
    const std::vector<storage::ImageRecord> images = storage::list_image_records(*store, damaged);
    // A layer may be twice in one image.
    std::map<std::string, std::map<std::string, std::uint64_t>> layers;
    std::map<std::string, size_t> images_with;
    for (const storage::ImageRecord& image : images)
        for (const storage::LayerRecord& layer : image.layers)
            if (layers[image.id.text()].emplace(layer.chain.hex(), layer.size).second)
                ++images_with[layer.chain.hex()];
    for (const storage::ImageRecord& image : images) {
        ImageUsage& sum = usage[image.id.text()];
        for (const auto& [layer, size] : layers[image.id.text()])
            (images_with.at(layer) > 1 ? sum.shared : sum.unique) += size;
    }
    for (const ContainerSummary& container : list_containers(engine, true))
        if (const auto image = usage.find(container.record.image_id); image != usage.end())
            ++image->second.containers;
    return usage;
}

std::vector<VolumeUsage> volume_usage(const Engine& engine) {
    std::vector<std::string> names;
    for (const VolumeSummary& volume : list_volumes(engine, false))
        names.push_back(volume.record.name);
    const auto sizes = volume_sizes(engine, names);
    const VolumeUsers users = volume_users(engine);
    std::vector<VolumeUsage> usage;
    for (const std::string& name : names) {
        const auto links = users.containers.find(name);
        const auto size = sizes.find(name);
        usage.push_back({.name = name,
                         .links = links == users.containers.end() ? 0 : links->second.size(),
                         .size = size == sizes.end() ? 0 : size->second});
    }
    return usage;
}

}  // namespace skiff::engine
