// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/push.h"

#include <algorithm>
#include <mutex>
#include <set>
#include <thread>

#include "base/cancellation.h"
#include "base/error.h"
#include "engine/image/find.h"
#include "engine/image/packed_layers.h"
#include "engine/registry/registry_access.h"
#include "oci/manifest.h"
#include "registry/answer_error.h"
#include "registry/repository.h"
#include "storage/archive/gzip_source.h"
#include "storage/blobs.h"

namespace skiff::engine {
namespace {

using registry::Repository;
using storage::ByteSource;

constexpr size_t push_threads = 3;
constexpr std::uint64_t progress_step = 256U << 10U;

/// Tells how much was sent.
class WatchedSource final : public ByteSource {
  public:
    WatchedSource(ByteSource& from, std::function<void(std::uint64_t)> tell)
        : from_(from), tell_(std::move(tell)) {}
    size_t read(std::span<char> buffer) override {
        const size_t n = from_.read(buffer);
        total_ += n;
        if (total_ - told_ < progress_step) return n;
        told_ = total_;
        tell_(total_);
        return n;
    }

  private:
    ByteSource& from_;
    std::function<void(std::uint64_t)> tell_;
    std::uint64_t total_ = 0;
    std::uint64_t told_ = 0;
};

bool is_plain(std::string_view type) {
    return type == oci::media_type::oci_layer || type == oci::media_type::docker_layer ||
           type == oci::media_type::oci_foreign_layer;
}

/// One layer on its way.
struct Layer {
    std::string id;  ///< of its diff id, as Docker names layers in `push`
    oci::Descriptor
        descriptor;      ///< what it is at the registry; of a plain one once it is compressed
    oci::Digest stored;  ///< the blob that the store has
    std::unique_ptr<storage::BlobWriter> compressed;
};

class Pusher {
  public:
    Pusher(const storage::Store& store, const RegistryPlan& plan, const oci::Reference& repository,
           TransferProgress& progress)
        : store_(store), progress_(progress), lease_(storage::Lease::take(store)) {
        find_neighbours(repository);
        registry_ = open_registry(plan, plan.places.front(), "pull,push", neighbour_paths());
    }

    void push(const oci::Reference& reference, const StoredImage& image) {
        const auto named = storage::find_reference(store_, reference);
        const oci::Descriptor& described = named ? named->manifest : image.record.manifest;
        const std::string text =
            storage::read_blob(store_, described.digest, oci::max_manifest_size);
        oci::Manifest manifest = oci::parse_manifest(
            text, described.type, "the manifest of " + reference.familiar_text());
        const oci::ImageConfig config = read_image_config(store_, image.id());
        layers_.clear();
        next_ = 0;
        failure_ = nullptr;
        for (size_t i = manifest.layers.size(); i-- > 0;) {
            layers_.push_back({config.diff_ids[i].short_id(), manifest.layers[i],
                               manifest.layers[i].digest, nullptr});
            tell(layers_.back(), LayerStep::preparing);
        }
        send_layers();

        registry::Connection connection(*registry_);
        Repository repository(connection, path());
        send_blob(repository, manifest.config, [&] { return stored_blob(manifest.config.digest); },
                  {});
        const bool rewritten = std::ranges::any_of(
            layers_, [](const Layer& layer) { return layer.compressed != nullptr; });
        std::string sent = text;
        std::string type = manifest.type;
        if (rewritten) {
            for (size_t i = 0; i < layers_.size(); ++i)
                manifest.layers[layers_.size() - 1 - i] = layers_[i].descriptor;
            sent = oci::print_manifest(manifest);
            type = oci::media_type::oci_manifest;
        }
        Cancellation::check();
        const oci::Digest digest = repository.put_manifest(reference.tag(), sent, type);
        progress_.end();
        progress_.line(
            fmt::format("{}: digest: {} size: {}", reference.tag(), digest.text(), sent.size()));
        const storage::StoreLock lock = store_.lock(LockMode::shared);
        storage::put_reference(store_, lock,
                               {reference.with_digest(digest), image.id(), described});
    }

  private:
    const std::string& path() const { return registry_->endpoint().path; }

    void tell(const Layer& layer, LayerStep step, std::uint64_t current = 0,
              const std::string& text = {}) {
        progress_.layer({layer.id, step, current, layer.descriptor.size, text});
    }

    std::unique_ptr<ByteSource> stored_blob(const oci::Digest& digest) const {
        auto source = storage::find_blob(store_, digest);
        if (!source)
            throw Error(ErrorKind::not_found, "the blob {} is missing from the store",
                        digest.text());
        return source;
    }

    /// Other repositories of the same registry that we know to share blobs: their images have them.
    void find_neighbours(const oci::Reference& repository) {
        storage::Damages damaged;
        for (const storage::ReferenceRecord& name : storage::list_references(store_, damaged)) {
            if (name.reference.domain() != repository.domain() ||
                name.reference.path() == repository.path() || !name.reference.digest())
                continue;  // a name by content is one that the registry was seen to have
            if (const auto record = storage::find_image_record(store_, name.image))
                for (const oci::Digest& blob : record->blobs)
                    neighbours_.emplace(blob, name.reference.path());
        }
    }

    std::vector<std::string> neighbour_paths() const {
        // A token service may refuse a long list; a few are enough to have most.
        constexpr size_t most = 4;
        std::set<std::string> paths;
        for (const auto& [blob, from] : neighbours_)
            if (paths.size() < most) paths.insert(from);
        return {paths.begin(), paths.end()};
    }

    void send_layers() {
        {
            std::vector<std::jthread> threads;
            for (size_t i = 0; i < std::min(push_threads, layers_.size()); ++i)
                threads.emplace_back([this] { work(); });
        }
        Cancellation::resume();
        if (failure_) std::rethrow_exception(failure_);
    }

    void work() {
        try {
            registry::Connection connection(*registry_);
            Repository repository(connection, path());
            for (;;) {
                Layer* layer = nullptr;
                {
                    const std::lock_guard guard(mutex_);
                    if (failure_ || next_ == layers_.size()) return;
                    layer = &layers_[next_++];
                }
                send_layer(repository, *layer);
            }
        } catch (...) {
            const std::lock_guard guard(mutex_);
            if (failure_) return;
            failure_ = std::current_exception();
            Cancellation::stop();
        }
    }

    void send_layer(Repository& repository, Layer& layer) {
        if (is_plain(layer.descriptor.type)) compress(layer);
        const auto open_it = [&] {
            return layer.compressed ? layer.compressed->reopen()
                                    : stored_blob(layer.descriptor.digest);
        };
        send_blob(repository, layer.descriptor, open_it, &layer);
    }

    /// Into the staging directory, since a registry wants to know digest and size of what comes.
    void compress(Layer& layer) {
        const std::unique_ptr<ByteSource> plain = stored_blob(layer.descriptor.digest);
        storage::GzipSource gzip(*plain);
        {
            const std::lock_guard guard(mutex_);
            layer.compressed =
                std::make_unique<storage::BlobWriter>(lease_, storage::BlobForm::verbatim);
        }
        std::vector<char> buffer(128U << 10U);
        while (const size_t n = gzip.read(buffer)) {
            Cancellation::check();
            layer.compressed->write({buffer.data(), n});
        }
        const storage::BlobName& name = layer.compressed->finish();
        layer.descriptor = {std::string(oci::media_type::oci_layer_gzip),
                            name.digest,
                            name.size,
                            {},
                            layer.descriptor.annotations};
    }

    template <typename Open>
    void send_blob(Repository& repository, const oci::Descriptor& descriptor, const Open& open_it,
                   Layer* layer) {
        const auto told = [&](LayerStep step, const std::string& text = {}) {
            if (layer != nullptr) tell(*layer, step, descriptor.size, text);
        };
        if (repository.has_blob(descriptor.digest)) return told(LayerStep::layer_exists);
        std::optional<std::string> where;
        if (const auto from =
                neighbours_.find(layer != nullptr ? layer->stored : descriptor.digest);
            from != neighbours_.end()) {
            where = repository.mount_blob(descriptor.digest, from->second);
            if (!where) return told(LayerStep::mounted, from->second);
        }
        registry::Backoff backoff;
        for (;;) {
            try {
                const std::unique_ptr<ByteSource> content = open_it();
                WatchedSource watched(*content, [&](std::uint64_t bytes) {
                    if (layer != nullptr) tell(*layer, LayerStep::pushing, bytes);
                });
                if (!where) where = repository.begin_upload();
                repository.put_blob(*where, watched, descriptor.size, descriptor.digest);
                return told(LayerStep::pushed);
            } catch (const registry::ConnectionError& error) {
                if (error.cause() != registry::ConnectionError::Cause::broken || !backoff.again())
                    throw;
            } catch (const registry::RefusedError& error) {
                if (!registry::is_transient(error.status()) || !backoff.again()) throw;
            }
            told(LayerStep::retrying);
            where.reset();
        }
    }

    const storage::Store& store_;
    TransferProgress& progress_;
    storage::Lease lease_;
    std::unique_ptr<registry::Registry> registry_;
    std::multimap<oci::Digest, std::string> neighbours_;
    std::vector<Layer> layers_;  ///< topmost first, as Docker tells of them
    std::mutex mutex_;
    size_t next_ = 0;
    std::exception_ptr failure_;
};

struct Pushed {
    oci::Reference reference;
    StoredImage image;
};

std::vector<Pushed> find_images(const storage::Store* store, const PushRequest& request,
                                const oci::Reference& typed) {
    std::vector<Pushed> found;
    if (!request.all_tags) {
        const oci::Reference reference = typed.with_default_tag();
        auto image = store == nullptr ? std::nullopt : find_stored_image(*store, reference.text());
        if (!image)
            throw Error(ErrorKind::not_found, "An image does not exist locally with the tag: {}",
                        reference.familiar_repository());
        found.push_back({reference, *std::move(image)});
        return found;
    }
    storage::Damages damaged;
    if (store != nullptr)
        for (const storage::ReferenceRecord& name : storage::list_references(*store, damaged)) {
            if (name.reference.repository() != typed.repository() || name.reference.tag().empty())
                continue;
            if (auto image = find_stored_image(*store, name.reference.text()))
                found.push_back({name.reference, *std::move(image)});
        }
    if (found.empty())
        throw Error(ErrorKind::not_found, "An image does not exist locally with the tag: {}",
                    typed.familiar_repository());
    return found;
}

void require_platform(const storage::Store& store, const Pushed& pushed,
                      const std::string& platform) {
    if (platform.empty()) return;
    const oci::Platform wanted = oci::parse_platform(platform);
    const oci::Platform actual = read_image_config(store, pushed.image.id()).platform;
    if (oci::suitability(wanted, actual) == 0)
        throw Error(ErrorKind::not_found,
                    "image with reference {} was found but does not match the specified platform: "
                    "wanted {}, actual: {}",
                    pushed.reference.familiar_text(), to_string(wanted), to_string(actual));
}

}  // namespace

std::vector<std::string> push_images(const Engine& engine, const PushRequest& request,
                                     TransferProgress& progress) {
    const oci::Reference typed = oci::Reference::parse(request.image);
    if (typed.digest()) throw Error(ErrorKind::invalid, "cannot push a digest reference");
    if (request.all_tags && !typed.tag().empty())
        throw Error(ErrorKind::usage, "tag can't be used with --all-tags/-a");
    const std::optional<storage::Store> store = storage::Store::find(engine.root());
    const std::vector<Pushed> images = find_images(store ? &*store : nullptr, request, typed);
    for (const Pushed& image : images) require_platform(*store, image, request.platform);

    storage::Lease lease = storage::Lease::take(*store);
    std::vector<storage::ImageRecord> records;
    for (const Pushed& image : images) {
        records.push_back(image.image.record);
        for (const oci::Digest& blob : records.back().blobs) lease.add_blob(blob);
    }
    pack_layers(engine, lease, records);

    if (!request.all_tags && typed.tag().empty()) progress.line("Using default tag: latest");
    const RegistryPlan plan = plan_push(engine, typed);
    const Cancellation cancellation;
    progress.line("The push refers to repository [" + typed.repository() + "]");
    Pusher pusher(*store, plan, typed, progress);
    std::vector<std::string> names;
    for (const Pushed& image : images) {
        pusher.push(image.reference, image.image);
        names.push_back(image.reference.text());
    }
    return names;
}

}  // namespace skiff::engine
