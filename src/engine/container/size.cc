// SPDX-License-Identifier: Apache-2.0
#include "engine/container/size.h"

#include <algorithm>
#include <optional>

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "base/tree_size.h"
#include "engine/store_namespace.h"
#include "storage/layers.h"

namespace skiff::engine {
namespace {

std::string upper_path(const Engine& engine, const std::string& id) {
    return fmt::format("{}/containers/{}/upper", engine.root(), id);
}

std::uint64_t image_size(const storage::Store& store, const ContainerRecord& record) {
    std::uint64_t size = 0;
    for (const std::string& text : record.layers) {
        const auto chain = oci::Digest::from_hex(text);
        const auto layer = chain ? storage::find_layer(store, *chain) : std::nullopt;
        if (layer) size += layer->size;
    }
    return size;
}

}  // namespace

std::map<std::string, ContainerSize> container_sizes(const Engine& engine,
                                                     std::span<const ContainerRecord> records) {
    std::map<std::string, ContainerSize> sizes;
    const std::optional<storage::Store> store = storage::Store::find(engine.root());
    if (!store || records.empty()) return sizes;
    // One line per container: its id and its bytes. The measuring may happen in a child.
    const std::string lines = run_in_store_namespace(engine, *store, [&](const LayerOwnership&) {
        std::string text;
        for (const ContainerRecord& record : records)
            // Nothing there: it was never started, or is removed meanwhile.
            text += fmt::format("{} {}\n", record.id,
                                find_tree_size(upper_path(engine, record.id)).value_or(0));
        return text;
    });
    for (const std::string_view line : split(lines, '\n')) {
        const Cut parts = cut(line, ' ');
        const auto record = std::ranges::find(records, parts.before, &ContainerRecord::id);
        const auto own = parse_number<std::uint64_t>(parts.after);
        if (record == records.end() || !own) continue;
        sizes[record->id] = {*own, *own + image_size(*store, *record)};
    }
    return sizes;
}

}  // namespace skiff::engine
