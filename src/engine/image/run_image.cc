// SPDX-License-Identifier: Apache-2.0
#include "engine/image/run_image.h"

#include "engine/builtin/built_in_image.h"
#include "engine/image/find.h"

namespace skiff::engine {

std::optional<RunImage> find_run_image(const Engine& engine, const std::string& text) {
    RunImage image;
    if (auto opened = storage::Store::find(engine.root())) {
        image.store = std::make_unique<storage::Store>(std::move(*opened));
        if (auto found = resolve_image(*image.store, text)) {
            image.id = found->id.text();
            image.name = text;
            for (const oci::Digest& chain : found->layers) image.layers.push_back(chain.hex());
            image.platform = std::move(found->config.platform);
            image.config = std::move(found->config.config);
            image.labels = std::move(found->config.opaque.labels);
            image.lease = std::make_unique<storage::Lease>(std::move(found->lease));
            return image;
        }
    } else {
        oci::Reference::parse(text);  // a malformed name is told as such, store or not
    }
    if (const auto built_in = find_built_in_image(text)) {
        storage::Store::open(engine.root());  // the container will live there
        image.name = text;
        image.built_in = *built_in;
        image.config = built_in_config(image.built_in);
        return image;
    }
    return std::nullopt;
}

}  // namespace skiff::engine
