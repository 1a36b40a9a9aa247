// SPDX-License-Identifier: Apache-2.0
#include "engine/build/export.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/image/new_image.h"

namespace skiff::engine {
namespace {

/// A layer of which there may be no archive: it is made when the image leaves the store
/// (engine/image/packed_layers.h).
class UnpackedBlob final : public storage::PendingBlob {
  public:
    explicit UnpackedBlob(storage::BlobName name) : name_(std::move(name)) {}
    const storage::BlobName& finish() override { return name_; }
    void publish() override {}
    std::unique_ptr<storage::ByteSource> reopen() const override {
        throw Error(ErrorKind::not_found, "the layer {} is not kept as an archive",
                    name_.digest.short_id());
    }
    storage::BlobForm form() const override { return storage::BlobForm::verbatim; }

  private:
    storage::BlobName name_;
};

/// Instructions that made nothing have the time of what is below them or, before the first new
/// layer, of that one, as BuildKit has it: the same steps out of the cache give the same image.
void settle_times(oci::ImageConfig& config) {
    std::vector<oci::HistoryEntry>& history = config.history;
    const auto is_open = [](const oci::HistoryEntry& entry) {
        return !entry.created && entry.empty_layer && entry.comment == builder_name;
    };
    const auto first = std::ranges::find_if(history, is_open);
    const auto made = std::find_if(first, history.end(), [](const oci::HistoryEntry& entry) {
        return entry.created.has_value();
    });
    std::optional<Timestamp> time = made == history.end() ? config.created : made->created;
    for (auto entry = first; entry != history.end(); ++entry) {
        if (is_open(*entry))
            entry->created = time;
        else
            time = entry->created;
    }
}

}  // namespace

ImageStaging::NewImage image_of_stage(ImageStaging& staging, const storage::Store& store,
                                      const StageState& state) {
    ImageStaging::NewImage image;
    image.config = state.config;
    if (!image.config.created) image.config.created = now();
    settle_times(image.config);
    image.config.diff_ids = state.diffs();
    for (const StageLayer& layer : state.layers) {
        staging.lease().add_layer(layer.key);
        staging.lease().add_blob(layer.blob.digest);
        const auto info = storage::find_layer(store, layer.key);
        if (!info)
            throw Error(ErrorKind::not_found, "the layer {} is missing from the store",
                        layer.key.short_id());
        staging.add_layer(layer.key, *info, nullptr);
        image.layers.push_back(
            {std::make_shared<UnpackedBlob>(storage::BlobName{layer.blob.digest, layer.blob.size}),
             layer.blob.type});
    }
    return image;
}

oci::Digest export_image(const storage::Store& store, const LayerOwnership& ownership,
                         const StageState& state, const std::vector<oci::Reference>& names) {
    ImageStaging staging(store, ownership);
    ImageStaging::NewImage image = image_of_stage(staging, store, state);
    image.config_text = oci::print_image_config(image.config);
    image.references = names;
    const oci::Digest id = staging.add(std::move(image));
    staging.commit();
    return id;
}

}  // namespace skiff::engine
