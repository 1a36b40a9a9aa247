// SPDX-License-Identifier: Apache-2.0
#include "engine/container/layer_links.h"

#include "base/error.h"
#include "storage/layers.h"
#include "storage/store.h"

namespace skiff::engine {

std::vector<std::string> layer_links(const Engine& engine, const std::vector<std::string>& layers,
                                     const std::string& image) {
    std::vector<std::string> links;
    const auto store = storage::Store::find(engine.root());
    if (!store) throw Error(ErrorKind::not_found, "there is no store at '{}'", engine.root());
    for (auto chain = layers.rbegin(); chain != layers.rend(); ++chain) {
        const auto link = storage::find_layer_link(
            *store, oci::Digest::require("sha256:" + *chain, "a layer of the container"));
        if (!link)
            throw Error(ErrorKind::not_found, "layer {} of image {} is missing from the store",
                        *chain, image);
        links.push_back(*link);
    }
    return links;
}

}  // namespace skiff::engine
