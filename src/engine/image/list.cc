// SPDX-License-Identifier: Apache-2.0
#include "engine/image/list.h"

#include <algorithm>
#include <map>
#include <set>

#include <fnmatch.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "engine/build/stage_state.h"
#include "engine/image/find.h"
#include "storage/layers.h"

namespace skiff::engine {
namespace {

bool matches_pattern(const ImageSummary& image, const std::string& pattern) {
    if (pattern.empty()) return true;
    if (image.repository.empty()) return false;
    // FNM_PATHNAME: as path.Match, where no star crosses a slash.
    const auto match = [&](const std::string& text) {
        return fnmatch(pattern.c_str(), text.c_str(), FNM_PATHNAME) == 0;
    };
    if (match(image.repository) || match(image.repository + ":" + image.tag)) return true;
    // "docker.io/library/busybox" is busybox; a pattern with stars is no reference.
    try {
        const oci::Reference typed = oci::Reference::parse(pattern);
        return typed.familiar_repository() == image.repository &&
               (typed.tag().empty() || typed.tag() == image.tag);
    } catch (const Error&) {
        return false;
    }
}

void warn_of(const Engine& engine, const storage::Damages& damaged) {
    for (const storage::DamagedFile& damage : damaged) engine.warn(damage.message());
}

std::vector<storage::ReferenceRecord> references_of(const storage::Store& store,
                                                    const oci::Digest& id) {
    storage::Damages damaged;  // names whose image nobody knows
    std::vector<storage::ReferenceRecord> references = storage::list_references(store, damaged);
    std::erase_if(references,
                  [&](const storage::ReferenceRecord& record) { return record.image != id; });
    return references;
}

/// The name by content that goes with a tag, among the names of its image: the one a registry gave,
/// else the tag's own manifest, by which find_stored_image() knows it as well. So an image that
/// was built, imported or loaded can be pinned like one that was pulled.
oci::Reference pinned(const storage::ReferenceRecord& tag,
                      const std::vector<storage::ReferenceRecord>& names) {
    const auto known = std::ranges::find_if(names, [&](const storage::ReferenceRecord& other) {
        return other.reference.repository() == tag.reference.repository() &&
               other.reference.digest().has_value();
    });
    return known == names.end() ? tag.reference.with_digest(tag.manifest.digest) : known->reference;
}

std::string created_text(const std::optional<Timestamp>& created) {
    return to_rfc3339(created.value_or(Timestamp{}));
}

bool is_prefix(const std::vector<oci::HistoryEntry>& shorter,
               const std::vector<oci::HistoryEntry>& longer) {
    if (shorter.size() >= longer.size()) return false;
    const auto key = [](const oci::HistoryEntry& entry) {
        return std::tie(entry.created, entry.created_by, entry.comment, entry.author,
                        entry.empty_layer);
    };
    return std::equal(shorter.begin(), shorter.end(), longer.begin(),
                      [&](const auto& a, const auto& b) { return key(a) == key(b); });
}

/// Stored images on which `image` was made, by the number of history entries they end with: same
/// layers, same history, only less of both.
std::map<size_t, std::string> find_ancestors(const storage::Store& store,
                                             const storage::ImageRecord& image,
                                             const oci::ImageConfig& config) {
    std::map<size_t, std::string> ancestors;
    storage::Damages damaged;  // what cannot be read is no ancestor that could be shown
    for (const storage::ImageRecord& other : storage::list_image_records(store, damaged)) {
        if (other.id == image.id || other.layers.size() > image.layers.size()) continue;
        const bool same_layers =
            std::equal(other.layers.begin(), other.layers.end(), image.layers.begin(),
                       [](const storage::LayerRecord& a, const storage::LayerRecord& b) {
                           return a.chain == b.chain;
                       });
        if (!same_layers) continue;
        try {
            const oci::ImageConfig other_config = read_image_config(store, other.id);
            if (is_prefix(other_config.history, config.history))
                ancestors[other_config.history.size()] = other.id.text();
        } catch (const storage::DamagedFile&) {
        }
    }
    return ancestors;
}

/// How many of the first entries have a builder's above them, which knows no parents: as in Docker,
/// their images are not said.
size_t built_entries(const oci::ImageConfig& config) {
    const auto last =
        std::find_if(config.history.rbegin(), config.history.rend(),
                     [](const oci::HistoryEntry& entry) { return entry.comment == builder_name; });
    return static_cast<size_t>(config.history.rend() - last);
}

Json graph_driver_json(const storage::Store& store, const storage::ImageRecord& record) {
    const std::vector<oci::Digest> layers = record.visible_layers();
    Json data = Json::object();
    std::string lower;
    for (auto layer = layers.rbegin(); layer != layers.rend(); ++layer) {
        const std::string path = store.root() + "/layers/" + layer->hex() + "/tree";
        if (layer == layers.rbegin())
            data["UpperDir"] = path;
        else
            lower += (lower.empty() ? "" : ":") + path;
    }
    if (!lower.empty()) data["LowerDir"] = lower;
    return {{"Name", "overlay"}, {"Data", std::move(data)}};
}

/// Docker prints the configuration of a container here; an image can set only some of it.
Json docker_config_json(const oci::ImageConfig& config) {
    Json value = oci::runtime_config_json(config.config, config.opaque);
    value.update({{"Hostname", ""},
                  {"Domainname", ""},
                  {"AttachStdin", false},
                  {"AttachStdout", false},
                  {"AttachStderr", false},
                  {"Tty", false},
                  {"OpenStdin", false},
                  {"StdinOnce", false},
                  {"Image", ""}});
    return value;
}

void name(ImageSummary& summary, const oci::Reference& reference) {
    summary.repository = reference.familiar_repository();
    summary.tag = reference.tag();
    summary.digest = reference.digest() ? reference.digest()->text() : "";
}

/// The tags of an image, and the names by content that have no tag beside them.
void add_names(std::vector<ImageSummary>& images, ImageSummary summary,
               const std::vector<storage::ReferenceRecord>& names) {
    for (const storage::ReferenceRecord& record : names) {
        const bool has_other_half = std::ranges::any_of(names, [&](const auto& other) {
            return other.reference.repository() == record.reference.repository() &&
                   other.reference.tag().empty() != record.reference.tag().empty();
        });
        // A tag and the digest that a registry has for it are one line.
        if (has_other_half && record.reference.tag().empty()) continue;
        name(summary, record.reference);
        if (!record.reference.tag().empty())
            summary.digest = pinned(record, names).digest()->text();
        images.push_back(summary);
    }
}

/// What is damaged is listed with what is known of it: a name without an image, an image without
/// date and size.
std::vector<ImageSummary> stored_images(const storage::Store& store, storage::Damages& damaged) {
    std::vector<ImageSummary> images;
    std::map<oci::Digest, std::vector<storage::ReferenceRecord>> names;
    for (storage::ReferenceRecord& record : storage::list_references(store, damaged))
        names[record.image].push_back(std::move(record));
    for (const storage::DamagedFile& damage : damaged) {
        ImageSummary summary;
        if (!damage.name().empty()) name(summary, oci::Reference::parse(damage.name()));
        images.push_back(std::move(summary));
    }
    for (const oci::Digest& id : storage::find_image_ids(store, "")) {
        ImageSummary summary;
        summary.id = id.text();
        try {
            const auto record = storage::find_image_record(store, id);
            if (!record) continue;  // removed since the directory was read
            summary.size = record->size();
            oci::ImageConfig config = read_image_config(store, id);
            summary.created = config.created.value_or(Timestamp{});
            summary.labels = std::move(config.opaque.labels);
        } catch (storage::DamagedFile& damage) {
            damaged.push_back(std::move(damage));
        }
        if (names[id].empty())
            images.push_back(std::move(summary));
        else
            add_names(images, std::move(summary), names[id]);
    }
    return images;
}

}  // namespace

std::vector<ImageSummary> list_images(const Engine& engine, const ListRequest& request) {
    std::vector<ImageSummary> images;
    if (const std::optional<storage::Store> store = storage::Store::find(engine.root())) {
        storage::Damages damaged;
        images = stored_images(*store, damaged);
        warn_of(engine, damaged);
    }
    std::ranges::stable_sort(images, std::ranges::greater{}, &ImageSummary::created);
    if (request.built_in)
        for (const std::string_view name : built_in_image_names()) {
            ImageSummary summary;
            summary.repository = name;
            summary.built_in = true;
            images.push_back(std::move(summary));
        }
    std::erase_if(images, [&](const ImageSummary& image) {
        const auto matches = [&](const std::string& pattern) {
            return matches_pattern(image, pattern);
        };
        return !matches(request.pattern) || (!request.alternatives.empty() &&
                                             std::ranges::none_of(request.alternatives, matches));
    });
    return images;
}

Json inspect_image(const Engine& engine, const std::string& text) {
    const std::optional<storage::Store> store = storage::Store::find(engine.root());
    const StoredImage image = get_stored_image(store ? &*store : nullptr, text);
    const oci::ImageConfig config = read_image_config(*store, image.id());
    Json tags = Json::array();
    std::set<std::string> digests;  // tags of one repository share them
    const std::vector<storage::ReferenceRecord> names = references_of(*store, image.id());
    for (const storage::ReferenceRecord& record : names) {
        if (record.reference.digest()) {
            digests.insert(record.reference.familiar_text());
            continue;
        }
        tags.push_back(record.reference.familiar_text());
        digests.insert(pinned(record, names).familiar_text());
    }
    Json diff_ids = Json::array();
    for (const oci::Digest& id : config.diff_ids) diff_ids.push_back(id.text());
    Json value = {{"Id", image.id().text()},
                  {"RepoTags", std::move(tags)},
                  {"RepoDigests", digests},
                  {"Parent", ""},
                  {"Comment", config.opaque.comment},
                  {"Created", created_text(config.created)},
                  // Of images that a container was committed to; nobody notes it any more.
                  {"Container", ""},
                  {"ContainerConfig", docker_config_json({})},
                  {"DockerVersion", config.opaque.docker_version},
                  {"Author", config.opaque.author},
                  {"Config", docker_config_json(config)},
                  {"Architecture", config.platform.architecture},
                  {"Os", config.platform.os},
                  {"Size", image.record.size()},
                  {"VirtualSize", image.record.size()},
                  {"GraphDriver", graph_driver_json(*store, image.record)},
                  {"RootFS", {{"Type", "layers"}, {"Layers", std::move(diff_ids)}}},
                  {"Metadata", {{"LastTagTime", to_rfc3339(image.record.tagged)}}}};
    if (!config.platform.variant.empty()) value["Variant"] = config.platform.variant;
    return value;
}

std::vector<HistoryLine> image_history(const Engine& engine, const std::string& text) {
    const std::optional<storage::Store> store = storage::Store::find(engine.root());
    const StoredImage image = get_stored_image(store ? &*store : nullptr, text);
    const oci::ImageConfig config = read_image_config(*store, image.id());
    const std::map<size_t, std::string> ancestors = find_ancestors(*store, image.record, config);
    const size_t without_parents = built_entries(config);
    std::vector<HistoryLine> lines;
    auto layer = image.record.layers.begin();
    const auto take_layer_size = [&] {
        return layer == image.record.layers.end() ? 0 : (layer++)->size;
    };
    for (const oci::HistoryEntry& entry : config.history) {
        HistoryLine line{"", entry.created, entry.created_by,
                         entry.empty_layer ? 0 : take_layer_size(), entry.comment};
        const auto found = ancestors.find(lines.size() + 1);
        if (found != ancestors.end() && found->first >= without_parents) line.id = found->second;
        lines.push_back(std::move(line));
    }
    // Layers that the history does not tell of are there all the same.
    while (layer != image.record.layers.end())
        lines.push_back({"", config.created, "", take_layer_size(), ""});
    if (lines.empty()) lines.push_back({"", config.created, "", 0, config.opaque.comment});
    lines.back().id = image.id().text();
    std::ranges::reverse(lines);
    return lines;
}

std::optional<std::string> find_image_id(const Engine& engine, const std::string& text) {
    const std::optional<storage::Store> store = storage::Store::find(engine.root());
    const auto image = store ? find_stored_image(*store, text) : std::nullopt;
    return image ? std::optional(image->id().text()) : std::nullopt;
}

Timestamp image_created(const Engine& engine, const std::string& text) {
    const std::optional<storage::Store> store = storage::Store::find(engine.root());
    const StoredImage image = get_stored_image(store ? &*store : nullptr, text);
    return read_image_config(*store, image.id()).created.value_or(Timestamp{});
}

std::vector<std::string> image_ancestors(const Engine& engine, const std::string& id) {
    const std::optional<storage::Store> store = storage::Store::find(engine.root());
    const auto image = store ? find_stored_image(*store, id) : std::nullopt;
    if (!image) return {};
    std::vector<std::string> ids;
    const oci::ImageConfig config = read_image_config(*store, image->id());
    for (auto& [entries, ancestor] : find_ancestors(*store, image->record, config))
        ids.push_back(ancestor);
    return ids;
}

bool image_exists(const Engine& engine, const std::string& image) {
    const std::optional<storage::Store> store = storage::Store::find(engine.root());
    return find_image(store ? &*store : nullptr, image).has_value();
}

}  // namespace skiff::engine
