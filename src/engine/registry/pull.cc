// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/pull.h"

#include <algorithm>

#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "base/json.h"
#include "engine/image/find.h"
#include "engine/image/new_image.h"
#include "engine/registry/layer_transfer.h"
#include "engine/registry/registry_access.h"
#include "engine/shared_namespace.h"
#include "engine/store_namespace.h"
#include "registry/answer_error.h"
#include "registry/repository.h"

namespace skiff::engine {
namespace {

using registry::Document;
using registry::Repository;

/// An index in an index in an index: deeper ones only waste time.
constexpr int max_index_depth = 4;

/// Threads must not change it under one another, so it is 0 while there are any.
class NoUmask {
  public:
    NoUmask() : before_(umask(0)) {}
    NoUmask(const NoUmask&) = delete;
    NoUmask& operator=(const NoUmask&) = delete;
    ~NoUmask() { umask(before_); }

  private:
    mode_t before_;
};

/// A registry that was opened for this pull, and our way to it.
struct Place {
    explicit Place(std::unique_ptr<registry::Registry> opened)
        : registry(std::move(opened)), connection(*registry) {}
    std::unique_ptr<registry::Registry> registry;
    registry::Connection connection;
    const std::string& path() const { return registry->endpoint().path; }
};

class Puller {
  public:
    Puller(const storage::Store& store, const LayerOwnership& ownership, const RegistryPlan& plan,
           const PullRequest& request, TransferProgress& progress)
        : store_(store), ownership_(ownership), request_(request), progress_(progress) {
        for (const RegistryAccess& access : plan.places)
            places_.push_back(std::make_unique<Place>(open_registry(plan, access, "pull")));
    }

    PulledImage pull(const oci::Reference& reference) {
        try {
            return pull_one(reference);
        } catch (const registry::RefusedError&) {
            rethrow_pull_error(reference);
        }
    }

    std::vector<std::string> tags() {
        Place& last = *places_.back();
        return Repository(last.connection, last.path()).tags();
    }

  private:
    PulledImage pull_one(const oci::Reference& reference) {
        const std::string tag = reference.digest() ? reference.digest()->text() : reference.tag();
        const Document document = get_document(tag);
        // Only now: a name that nobody has is no image that is pulled.
        progress_.line(tag + ": Pulling from " + reference.path());
        PulledImage pulled{reference.repository(), reference.text(), document.digest.text(), false};
        pulled.changed = !is_up_to_date(reference, document) && fetch(reference, document);
        progress_.end();
        progress_.line("Digest: " + pulled.digest);
        progress_.line(fmt::format(
            "Status: {} for {}", pulled.changed ? "Downloaded newer image" : "Image is up to date",
            reference.familiar_text()));
        return pulled;
    }

    /// From the first place that has it. The last is the registry itself, whose word counts.
    Document get_document(const std::string& tag) {
        for (;; ++first_place_) {
            Place& place = *places_[first_place_];
            try {
                return Repository(place.connection, place.path()).get_manifest(tag);
            } catch (const registry::RefusedError&) {
                if (first_place_ + 1 == places_.size()) throw;
            } catch (const registry::ConnectionError&) {
                if (first_place_ + 1 == places_.size()) throw;
            }
        }
    }

    /// The store knows this very document for this machine, and has the image.
    bool is_up_to_date(const oci::Reference& reference, const Document& document) const {
        if (!request_.platform.empty()) return false;
        const auto named = storage::find_reference(store_, reference);
        const auto by_content =
            storage::find_reference(store_, reference.with_digest(document.digest));
        if (!named || !by_content || named->image != by_content->image) return false;
        const auto record = storage::find_image_record(store_, named->image);
        return record &&
               std::ranges::all_of(record->layers, [&](const storage::LayerRecord& layer) {
                   return storage::has_layer(store_, layer.chain);
               });
    }

    oci::Platform wanted_platform() const {
        return request_.platform.empty() ? oci::host_platform()
                                         : oci::parse_platform(request_.platform);
    }

    /// Down an index to the manifest for the platform.
    std::pair<Document, oci::Manifest> get_manifest(Document document) {
        for (int depth = 0;; ++depth) {
            const std::string name = "the manifest " + document.digest.short_id();
            auto parsed = oci::parse_manifest_or_index(document.text, document.type, name);
            if (oci::Manifest* manifest = std::get_if<oci::Manifest>(&parsed))
                return {std::move(document), std::move(*manifest)};
            const auto& index = std::get<oci::Index>(parsed);
            const oci::Descriptor* entry = oci::find_platform(index, wanted_platform());
            if (entry == nullptr)
                throw Error(ErrorKind::not_found,
                            "no matching manifest for {} in the manifest list entries",
                            to_string(wanted_platform()));
            if (depth == max_index_depth)
                throw Error(ErrorKind::invalid, "{} is nested too deeply", name);
            Document next = get_document(entry->digest.text());
            if (next.text.size() != entry->size)
                throw Error(ErrorKind::invalid,
                            "the manifest {} has {} bytes, where its index says {}",
                            entry->digest.text(), next.text.size(), entry->size);
            // What the index calls it is under the digest; what the server calls it is not.
            if (!entry->type.empty()) next.type = entry->type;
            document = std::move(next);
        }
    }

    /// `chosen`: by the entry of an index. What that says about an image counts more than its
    /// configuration, which is wrong where somebody built for another machine without saying so.
    void require_platform(const oci::Reference& reference, const oci::ImageConfig& config,
                          bool chosen) const {
        if (chosen || request_.platform.empty() ||
            oci::suitability(wanted_platform(), config.platform) > 0)
            return;
        throw Error(ErrorKind::not_found,
                    "image with reference {} was found but does not match the specified platform: "
                    "wanted {}, actual: {}",
                    reference.familiar_text(), to_string(wanted_platform()),
                    to_string(config.platform));
    }

    /// True when the name had no image, or another one.
    bool fetch(const oci::Reference& reference, const Document& top) {
        auto [document, manifest] = get_manifest(top);
        ImageStaging staging(store_, ownership_);
        ImageStaging::NewImage image;
        Place& place = *places_[first_place_];
        image.config_text = Repository(place.connection, place.path())
                                .get_blob(manifest.config, oci::max_image_config_size);
        image.config = oci::parse_image_config(image.config_text,
                                               "the configuration of " + reference.familiar_text());
        require_platform(reference, image.config, document.digest != top.digest);
        if (image.config.diff_ids.size() != manifest.layers.size())
            throw Error(ErrorKind::invalid, "{} has {} layers, but its configuration lists {}",
                        reference.familiar_text(), manifest.layers.size(),
                        image.config.diff_ids.size());
        std::vector<BlobPlace> sources;
        for (size_t i = first_place_; i < places_.size(); ++i)
            sources.push_back({places_[i]->registry.get(), places_[i]->path()});
        image.layers = transfer_layers(staging, sources, manifest, image.config, progress_);
        image.manifest_text = document.text;
        image.manifest_type = manifest.type;
        if (!reference.digest()) image.references.push_back(reference);
        image.references.push_back(reference.with_digest(top.digest));

        const auto before = storage::find_reference(store_, image.references.front());
        const oci::Digest id = staging.add(std::move(image));
        const bool had_record = storage::find_image_record(store_, id).has_value();
        Cancellation::check();
        staging.commit();
        return !had_record || !before || before->image != id;
    }

    const storage::Store& store_;
    const LayerOwnership& ownership_;
    const PullRequest& request_;
    TransferProgress& progress_;
    std::vector<std::unique_ptr<Place>> places_;
    size_t first_place_ = 0;  ///< the first that has answered well
};

std::string print_pulled(const std::vector<PulledImage>& images) {
    Json list = Json::array();
    for (const PulledImage& image : images)
        list.push_back({{"repository", image.repository},
                        {"reference", image.reference},
                        {"digest", image.digest},
                        {"changed", image.changed}});
    return to_text(list);
}

std::vector<PulledImage> parse_pulled(std::string_view text) {
    constexpr const char* name = "the list of pulled images";
    std::vector<PulledImage> images;
    for (const Json& image : parse_json(text, name))
        images.push_back({json_string(image, "repository", name),
                          json_string(image, "reference", name), json_string(image, "digest", name),
                          json_bool(image, "changed", name)});
    return images;
}

}  // namespace

std::vector<PulledImage> pull_images(const Engine& engine, const PullRequest& request,
                                     TransferProgress& progress) {
    const oci::Reference typed = oci::Reference::parse(request.image);
    if (request.all_tags && (!typed.tag().empty() || typed.digest()))
        throw Error(ErrorKind::usage, "tag can't be used with --all-tags/-a");
    if (!request.platform.empty()) oci::parse_platform(request.platform);
    const oci::Reference reference =
        request.all_tags ? typed : typed.with_default_tag().without_redundant_tag();

    refuse_single_id(engine);
    if (!request.all_tags && typed.tag().empty() && !typed.digest())
        progress.line("Using default tag: latest");
    const RegistryPlan plan = plan_pull(engine, reference);
    const storage::Store store = storage::Store::open(engine.root());
    const Cancellation cancellation;
    return parse_pulled(run_in_store_namespace(engine, store, [&](const LayerOwnership& ownership) {
        const NoUmask no_umask;
        Puller puller(store, ownership, plan, request, progress);
        std::vector<PulledImage> images;
        if (!request.all_tags) {
            images.push_back(puller.pull(reference));
        } else {
            for (const std::string& tag : puller.tags())
                images.push_back(
                    puller.pull(oci::Reference::parse(reference.repository() + ":" + tag)));
        }
        return print_pulled(images);
    }));
}

bool registry_has_newer(const Engine& engine, const std::string& image) {
    const oci::Reference reference =
        oci::Reference::parse(image).with_default_tag().without_redundant_tag();
    const auto store = storage::Store::find(engine.root());
    if (!store || reference.digest()) return !store;
    const auto here = storage::find_reference(*store, reference);
    const RegistryPlan plan = plan_pull(engine, reference);
    for (const RegistryAccess& access : plan.places) {
        try {
            Place place(open_registry(plan, access, "pull"));
            const auto there =
                Repository(place.connection, place.path()).find_manifest(reference.tag());
            if (!there) continue;
            const auto by_content = storage::find_reference(*store, reference.with_digest(*there));
            return !here || !by_content || by_content->image != here->image;
        } catch (const registry::RefusedError&) {
        } catch (const registry::ConnectionError&) {
        }
    }
    return false;
}

std::string familiar_name(const std::string& image) {
    return oci::Reference::parse(image).with_default_tag().familiar_text();
}

bool can_be_pulled(const std::string& image) {
    return !oci::Digest::parse(image) && !oci::Digest::from_hex(image) &&
           !image.starts_with("sha256:");
}

int transfer_signal() {
    return Cancellation::signal();
}

}  // namespace skiff::engine
