// SPDX-License-Identifier: Apache-2.0
#include "engine/image/load.h"

#include <algorithm>
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/fd.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/image/image_archive.h"
#include "engine/image/new_image.h"
#include "engine/shared_namespace.h"
#include "engine/store_namespace.h"
#include "storage/archive/decompress.h"
#include "storage/archive/sha256.h"

namespace skiff::engine {
namespace {

constexpr const char* name_annotation = "io.containerd.image.name";
constexpr const char* ref_annotation = "org.opencontainers.image.ref.name";
/// An index in an index in an index: deeper ones only waste time.
constexpr int max_index_depth = 4;

using References = std::vector<oci::Reference>;

class Loader {
  public:
    Loader(ImageStaging& staging, ImageArchive& archive, oci::Platform platform)
        : staging_(staging), archive_(archive), platform_(std::move(platform)) {}

    std::vector<LoadedImage> load() {
        // What is both is read as OCI: its manifests keep their digests. The names are in the other
        // half as well.
        if (archive_.find_document("index.json") != nullptr &&
            archive_.find_document("oci-layout") != nullptr)
            load_layout();
        else if (archive_.find_document("manifest.json") != nullptr)
            load_docker_archive();
        else
            throw Error(ErrorKind::invalid,
                        std::string("this is no archive of images: it has neither manifest.json "
                                    "nor index.json (use "
                                    "'skiff import' for the archive of a root file system)"));
        return std::move(loaded_);
    }

  private:
    struct DockerEntry {
        std::string config;
        std::vector<std::string> layers;
        References references;
    };

    /// Of an OCI layout.
    struct Entry {
        const oci::Descriptor* descriptor;
        References references;
    };

    std::vector<DockerEntry> docker_entries() const {
        const std::string name = "manifest.json of the archive";
        const Json list = parse_json(archive_.document("manifest.json"), name);
        if (!list.is_array()) throw Error(ErrorKind::invalid, "{} is no list", name);
        std::vector<DockerEntry> entries;
        for (const Json& value : list) {
            DockerEntry entry{
                json_string(value, "Config", name), strings(value, "Layers", name), {}};
            if (entry.config.empty())
                throw Error(ErrorKind::invalid, "{} has an image without 'Config'", name);
            for (const std::string& tag : strings(value, "RepoTags", name))
                entry.references.push_back(oci::parse_tag_target(tag));
            entries.push_back(std::move(entry));
        }
        return entries;
    }

    static std::vector<std::string> strings(const Json& object, const char* key,
                                            std::string_view name) {
        std::vector<std::string> texts;
        const auto list = object.find(key);
        if (list == object.end() || list->is_null()) return texts;
        if (!list->is_array() || list->size() > oci::max_layers)
            throw Error(ErrorKind::invalid, "{}: '{}' is malformed", name, key);
        for (const Json& text : *list) {
            if (!text.is_string())
                throw Error(ErrorKind::invalid, "{}: '{}' is malformed", name, key);
            texts.push_back(text.get<std::string>());
        }
        return texts;
    }

    void load_docker_archive() {
        for (DockerEntry& entry : docker_entries()) {
            ImageStaging::NewImage image;
            image.config_text = archive_.document(entry.config);
            image.references = std::move(entry.references);
            take(std::move(image), entry.layers);
        }
    }

    void load_layout() {
        const auto document =
            oci::parse_manifest_or_index(archive_.document("index.json"),
                                         oci::media_type::oci_index, "index.json of the archive");
        const oci::Index& index = std::get<oci::Index>(document);
        // One name may have an entry for each platform.
        std::map<std::string, oci::Index> by_name;
        std::vector<std::string> order;
        for (const oci::Descriptor& entry : index.manifests) {
            const std::string name = name_of(entry);
            const std::string key = !name.empty() || entry.platform ? name : entry.digest.text();
            if (by_name.try_emplace(key).second) order.push_back(key);
            by_name[key].manifests.push_back(entry);
        }
        std::map<std::string, References> also_named;
        if (archive_.find_document("manifest.json") != nullptr)
            for (DockerEntry& entry : docker_entries()) {
                References& references = also_named[entry.config];
                std::ranges::move(entry.references, std::back_inserter(references));
            }
        std::vector<Entry> entries;
        for (const std::string& key : order) {
            const oci::Index& choice = by_name[key];
            // A single image is taken whatever machine it is for.
            const oci::Descriptor* entry = choice.manifests.size() == 1
                                               ? &choice.manifests.front()
                                               : oci::find_platform(choice, platform_);
            if (entry == nullptr) no_platform(key);
            // Several names of one image are several entries.
            const auto same = std::ranges::find(entries, entry->digest, [](const Entry& known) {
                return known.descriptor->digest;
            });
            References names = references_of(*entry);
            if (same == entries.end()) {
                entries.push_back({entry, std::move(names)});
            } else {
                std::ranges::move(names, std::back_inserter(same->references));
            }
        }
        for (Entry& entry : entries)
            load_descriptor(*entry.descriptor, std::move(entry.references), also_named,
                            max_index_depth);
    }

    [[noreturn]] void no_platform(std::string_view name) const {
        throw Error(ErrorKind::not_found, "the archive has no image {}for {}",
                    name.empty() ? "" : skiff::quoted(name) + " ", to_string(platform_));
    }

    static std::string name_of(const oci::Descriptor& entry) {
        for (const char* key : {name_annotation, ref_annotation})
            if (const auto found = entry.annotations.find(key); found != entry.annotations.end())
                return found->second;
        return {};
    }

    /// An annotation without ':' and '/' is a mere tag ("latest" of umoci): it names no repository.
    static References references_of(const oci::Descriptor& entry) {
        const std::string name = name_of(entry);
        if (name.find_first_of(":/") == std::string::npos) return {};
        return {oci::parse_tag_target(name)};
    }

    /// The bytes a descriptor names, verified.
    const std::string& verified_document(const oci::Descriptor& descriptor) const {
        const std::string& text = archive_.document(ImageArchive::blob_path(descriptor.digest));
        if (text.size() != descriptor.size || storage::sha256_hex(text) != descriptor.digest.hex())
            throw Error(
                ErrorKind::invalid,
                "the blob {} of the archive does not have the digest and size it is named by",
                descriptor.digest.text());
        return text;
    }

    void load_descriptor(const oci::Descriptor& descriptor, References references,
                         std::map<std::string, References>& also_named, int depth) {
        const std::string name = "the manifest " + descriptor.digest.short_id();
        const std::string& text = verified_document(descriptor);
        const auto document = oci::parse_manifest_or_index(text, descriptor.type, name);
        if (const oci::Index* index = std::get_if<oci::Index>(&document)) {
            const oci::Descriptor* entry = oci::find_platform(*index, platform_);
            if (entry == nullptr) no_platform(name);
            if (depth == 0) throw Error(ErrorKind::invalid, "{} is nested too deeply", name);
            load_descriptor(*entry, std::move(references), also_named, depth - 1);
            return;
        }
        const oci::Manifest& manifest = std::get<oci::Manifest>(document);
        ImageStaging::NewImage image;
        image.config_text = verified_document(manifest.config);
        image.manifest_text = text;
        image.manifest_type = manifest.type;
        image.references = std::move(references);
        for (const oci::Reference& reference :
             also_named[ImageArchive::blob_path(manifest.config.digest)])
            if (std::ranges::find(image.references, reference) == image.references.end())
                image.references.push_back(reference);
        std::vector<std::string> layers;
        for (const oci::Descriptor& layer : manifest.layers) {
            layers.push_back(ImageArchive::blob_path(layer.digest));
            // Of plain and of compressed layers alike, the staged blob is named by the bytes in the
            // archive.
            const storage::BlobName& found = archive_.layer_name(layers.back());
            if (found.digest != layer.digest || found.size != layer.size)
                throw Error(
                    ErrorKind::invalid,
                    "the layer {} of the archive does not have the digest and size it is named by",
                    layer.digest.text());
        }
        take(std::move(image), layers);
    }

    void take(ImageStaging::NewImage image, const std::vector<std::string>& layer_paths) {
        const std::string id = storage::sha256_hex(image.config_text);
        const std::string name = "image " + id.substr(0, 12);
        image.config = oci::parse_image_config(image.config_text, "the configuration of " + name);
        if (image.config.diff_ids.size() != layer_paths.size())
            throw Error(ErrorKind::invalid, "{} has {} layers, but its configuration lists {}",
                        name, layer_paths.size(), image.config.diff_ids.size());
        const std::span<const oci::Digest> diffs(image.config.diff_ids);
        for (size_t i = 0; i < diffs.size(); ++i) {
            ImageStaging::StagedBlob blob = archive_.layer(layer_paths[i]);
            staging_.unpack_layer(blob, diffs.first(i + 1),
                                  fmt::format("layer {} of {}", i + 1, name));
            image.layers.push_back(std::move(blob));
        }
        LoadedImage loaded{*oci::Digest::from_hex(id), {}};
        for (const oci::Reference& reference : image.references)
            loaded.names.push_back(reference.familiar_text());
        staging_.add(std::move(image));
        loaded_.push_back(std::move(loaded));
    }

    ImageStaging& staging_;
    ImageArchive& archive_;
    oci::Platform platform_;
    std::vector<LoadedImage> loaded_;
};

std::string print_loaded(const std::vector<LoadedImage>& images) {
    Json list = Json::array();
    for (const LoadedImage& image : images)
        list.push_back({{"id", image.id.text()}, {"names", image.names}});
    return to_text(list);
}

std::vector<LoadedImage> parse_loaded(std::string_view text) {
    constexpr const char* name = "the list of loaded images";
    std::vector<LoadedImage> images;
    for (const Json& image : parse_json(text, name))
        images.push_back({oci::Digest::require(json_string(image, "id", name), name),
                          image.at("names").get<std::vector<std::string>>()});
    return images;
}

}  // namespace

std::vector<LoadedImage> load_images(const Engine& engine, const LoadRequest& request) {
    const oci::Platform platform =
        request.platform.empty() ? oci::host_platform() : oci::parse_platform(request.platform);
    if (request.source == "-" && isatty(STDIN_FILENO) != 0)
        throw Error(ErrorKind::usage,
                    std::string("requested load from stdin, but stdin is a terminal: use -i FILE"));
    const Fd source =
        request.source == "-" ? duplicate(STDIN_FILENO) : open_file(request.source, O_RDONLY);
    const std::string name = request.source == "-" ? "standard input" : "'" + request.source + "'";

    refuse_single_id(engine);
    const storage::Store store = storage::Store::open(engine.root());
    return parse_loaded(run_in_store_namespace(engine, store, [&](const LayerOwnership& ownership) {
        return with_context(
            [&] {
                ImageStaging staging(store, ownership);
                storage::FdSource bytes(source.get(), name);
                storage::Decompressor plain(bytes, name);
                ImageArchive archive(staging, plain);
                const std::vector<LoadedImage> loaded = Loader(staging, archive, platform).load();
                staging.commit();
                return print_loaded(loaded);
            },
            "cannot load {}", name);
    }));
}

}  // namespace skiff::engine
