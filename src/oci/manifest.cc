// SPDX-License-Identifier: Apache-2.0
#include "oci/manifest.h"

#include <array>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"

namespace skiff::oci {
namespace {

constexpr size_t max_index_entries = 10'000;

const Json* find_array(const Json& object, const char* key, size_t limit, std::string_view name) {
    const auto it = object.find(key);
    if (it == object.end() || it->is_null()) return nullptr;
    if (!it->is_array()) throw Error(ErrorKind::invalid, "{}: '{}' is not a list", name, key);
    if (it->size() > limit)
        throw Error(ErrorKind::invalid, "{}: {} entries in '{}', more than {}", name, it->size(),
                    key, limit);
    return &*it;
}

std::vector<Descriptor> parse_descriptors(const Json& list, std::string_view name) {
    std::vector<Descriptor> descriptors;
    descriptors.reserve(list.size());
    for (const Json& entry : list) descriptors.push_back(parse_descriptor(entry, name));
    return descriptors;
}

Manifest read_manifest(const Json& document, std::string type, std::string_view name) {
    const auto config = document.find("config");
    if (config == document.end()) throw Error(ErrorKind::invalid, "{} names no config", name);
    const Json* layers = find_array(document, "layers", max_layers, name);
    Manifest manifest{std::move(type), parse_descriptor(*config, name), {}};
    if (layers != nullptr) manifest.layers = parse_descriptors(*layers, name);
    if (manifest.config.type != media_type::oci_config &&
        manifest.config.type != media_type::docker_config)
        throw Error(ErrorKind::unsupported, "{} describes no container image but {}", name,
                    skiff::quoted(manifest.config.type));
    for (const Descriptor& layer : manifest.layers) {
        if (!is_layer(layer.type))
            throw Error(ErrorKind::unsupported, "{} has a layer of the unknown media type {}", name,
                        skiff::quoted(layer.type));
    }
    return manifest;
}

/// What the document can be read as, judged by its members alone.
struct Shape {
    bool index = false;
    bool manifest = false;
};

Shape shape_of(const Json& document, std::string_view name) {
    if (document.contains("fsLayers") || document.contains("signatures") ||
        json_integer(document, "schemaVersion", name) == 1)
        throw Error(ErrorKind::unsupported,
                    "{} is in Docker's old format (schema 1), which skiff does not read", name);
    return {document.contains("manifests"),
            document.contains("layers") || document.contains("config")};
}

}  // namespace

bool is_index(std::string_view type) {
    return type == media_type::oci_index || type == media_type::docker_index;
}

bool is_manifest(std::string_view type) {
    return type == media_type::oci_manifest || type == media_type::docker_manifest;
}

bool is_layer(std::string_view type) {
    constexpr std::array layers = {media_type::oci_foreign_layer,
                                   media_type::oci_foreign_layer_gzip,
                                   media_type::oci_foreign_layer_zstd,
                                   media_type::docker_foreign_layer_gzip,
                                   media_type::oci_layer,
                                   media_type::oci_layer_gzip,
                                   media_type::oci_layer_zstd,
                                   media_type::docker_layer,
                                   media_type::docker_layer_gzip,
                                   media_type::docker_layer_zstd};
    return std::find(layers.begin(), layers.end(), type) != layers.end();
}

Descriptor parse_descriptor(const Json& value, std::string_view name) {
    if (!value.is_object())
        throw Error(ErrorKind::invalid, "{}: a descriptor is no JSON object", name);
    const long long size = json_integer(value, "size", name, -1);
    if (size < 0) throw Error(ErrorKind::invalid, "{}: a descriptor without a size", name);
    Descriptor descriptor{json_string(value, "mediaType", name),
                          Digest::require(json_string(value, "digest", name), name),
                          static_cast<std::uint64_t>(size),
                          std::nullopt,
                          {}};
    if (descriptor.type.empty())
        throw Error(ErrorKind::invalid, "{}: a descriptor without a media type", name);
    if (const auto platform = value.find("platform");
        platform != value.end() && !platform->is_null())
        descriptor.platform = Platform{json_string(*platform, "os", name),
                                       json_string(*platform, "architecture", name),
                                       json_string(*platform, "variant", name)};
    if (const auto annotations = value.find("annotations");
        annotations != value.end() && annotations->is_object()) {
        for (const auto& [key, text] : annotations->items())
            if (text.is_string()) descriptor.annotations.emplace(key, text.get<std::string>());
    }
    return descriptor;
}

ManifestOrIndex parse_manifest_or_index(std::string_view text, std::string_view expected,
                                        std::string_view name) {
    if (text.size() > max_manifest_size)
        throw Error(ErrorKind::invalid, "{} is larger than {} bytes", name, max_manifest_size);
    const Json document = parse_json(text, name);
    if (!document.is_object()) throw Error(ErrorKind::invalid, "{} is not a JSON object", name);

    const Shape shape = shape_of(document, name);
    if (shape.index && shape.manifest)
        throw Error(ErrorKind::invalid,
                    "{} is ambiguous: both a manifest and an index (CVE-2021-41190)", name);
    std::string type = json_string(document, "mediaType", name);
    if (!expected.empty() && !type.empty() && type != expected)
        throw Error(ErrorKind::invalid,
                    "{} is ambiguous: described as {}, it calls itself {} (CVE-2021-41190)", name,
                    skiff::quoted(expected), skiff::quoted(type));
    if (type.empty()) type = expected;
    if (type.empty()) type = shape.index ? media_type::oci_index : media_type::oci_manifest;

    if (is_index(type)) {
        if (shape.manifest)
            throw Error(ErrorKind::invalid, "{} is an index with the content of a manifest", name);
        const Json* entries = find_array(document, "manifests", max_index_entries, name);
        return Index{std::move(type), entries == nullptr ? std::vector<Descriptor>{}
                                                         : parse_descriptors(*entries, name)};
    }
    if (!is_manifest(type))
        throw Error(ErrorKind::unsupported, "{} has the unknown media type {}", name,
                    skiff::quoted(type));
    if (shape.index)
        throw Error(ErrorKind::invalid, "{} is a manifest with the content of an index", name);
    return read_manifest(document, std::move(type), name);
}

Manifest parse_manifest(std::string_view text, std::string_view expected, std::string_view name) {
    ManifestOrIndex document = parse_manifest_or_index(text, expected, name);
    if (Manifest* manifest = std::get_if<Manifest>(&document)) return std::move(*manifest);
    throw Error(ErrorKind::invalid, "{} is an index, where a manifest was expected", name);
}

Json to_json(const Descriptor& descriptor) {
    Json value = {{"mediaType", descriptor.type},
                  {"digest", descriptor.digest.text()},
                  {"size", descriptor.size}};
    if (descriptor.platform) {
        value["platform"] = {{"os", descriptor.platform->os},
                             {"architecture", descriptor.platform->architecture}};
        if (!descriptor.platform->variant.empty())
            value["platform"]["variant"] = descriptor.platform->variant;
    }
    if (!descriptor.annotations.empty()) value["annotations"] = descriptor.annotations;
    return value;
}

std::string print_manifest(const Manifest& manifest) {
    Json layers = Json::array();
    for (const Descriptor& layer : manifest.layers) layers.push_back(to_json(layer));
    return to_text({{"schemaVersion", 2},
                    {"mediaType", manifest.type},
                    {"config", to_json(manifest.config)},
                    {"layers", std::move(layers)}});
}

std::string print_index(const Index& index) {
    Json manifests = Json::array();
    for (const Descriptor& entry : index.manifests) manifests.push_back(to_json(entry));
    return to_text(
        {{"schemaVersion", 2}, {"mediaType", index.type}, {"manifests", std::move(manifests)}});
}

const Descriptor* find_platform(const Index& index, const Platform& wanted) {
    const Descriptor* best = nullptr;
    const Descriptor* any = nullptr;
    int best_rank = 0;
    for (const Descriptor& entry : index.manifests) {
        if (!is_manifest(entry.type) && !is_index(entry.type)) continue;
        if (!entry.platform && any == nullptr) any = &entry;
        const int rank = entry.platform ? suitability(wanted, *entry.platform) : 0;
        if (rank > best_rank) {
            best = &entry;
            best_rank = rank;
        }
    }
    return best != nullptr ? best : any;
}

}  // namespace skiff::oci
