// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/layer_transfer.h"

#include <algorithm>
#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include <poll.h>

#include "base/cancellation.h"
#include "base/error.h"
#include "engine/registry/arriving_blob.h"
#include "registry/answer_error.h"
#include "storage/archive/decompress.h"
#include "storage/archive/extract.h"

namespace skiff::engine {
namespace {

using storage::ByteSource;

/// As many as Docker fetches at once.
constexpr size_t fetch_threads = 3;
constexpr unsigned most_unpack_threads = 4;
constexpr int lock_poll_milliseconds = 100;
constexpr std::uint64_t progress_step = 256U << 10U;

/// Tells how much of a layer has been unpacked.
class WatchedSource final : public ByteSource {
  public:
    WatchedSource(ByteSource& from, std::function<void(std::uint64_t)> tell)
        : from_(from), tell_(std::move(tell)) {}
    size_t read(std::span<char> buffer) override {
        const size_t n = from_.read(buffer);
        total_ += n;
        if (total_ - told_ >= progress_step) {
            told_ = total_;
            tell_(total_);
            Cancellation::check();
        }
        return n;
    }

  private:
    ByteSource& from_;
    std::function<void(std::uint64_t)> tell_;
    std::uint64_t total_ = 0;
    std::uint64_t told_ = 0;
};

/// Copies what passes, if there is somebody who wants it.
class TeeSource final : public ByteSource {
  public:
    TeeSource(ByteSource& from, storage::ByteSink* to) : from_(from), to_(to) {}
    size_t read(std::span<char> buffer) override {
        const size_t n = from_.read(buffer);
        if (to_ != nullptr) to_->write({buffer.data(), n});
        return n;
    }

  private:
    ByteSource& from_;
    storage::ByteSink* to_;
};

/// One blob that has to be fetched; several layers may be of it.
struct Fetch {
    std::unique_ptr<ArrivingBlob> blob;
    std::string id;
    std::shared_ptr<storage::PendingBlob> kept;  ///< once the first of its layers is done
};

struct Layer {
    std::string id;
    oci::Descriptor descriptor;
    oci::Digest diff;
    Fetch* fetch = nullptr;       ///< null: the store has the blob
    bool first_of_fetch = false;  ///< unpacked while it arrives
    bool has_tree = false;
    std::unique_ptr<storage::LayerWriter> writer = nullptr;
    std::optional<storage::LayerInfo> info = std::nullopt;  ///< once done
    std::shared_ptr<storage::PendingBlob> blob = nullptr;
    bool done = false;
    bool has_own_root = false;  ///< unpacked here, and its archive lists "./"
};

class Transfer {
  public:
    Transfer(ImageStaging& staging, std::span<const BlobPlace> places,
             const oci::Manifest& manifest, const oci::ImageConfig& config,
             TransferProgress& progress)
        : staging_(staging), places_(places), progress_(progress) {
        keys_ = staging.layer_keys(config.diff_ids);
        layers_.reserve(manifest.layers.size());
        for (size_t i = 0; i < manifest.layers.size(); ++i)
            layers_.push_back({.id = manifest.layers[i].digest.short_id(),
                               .descriptor = manifest.layers[i],
                               .diff = config.diff_ids[i]});
    }

    std::vector<ImageStaging::StagedBlob> run() {
        find_what_is_missing();
        {
            std::vector<std::jthread> threads;
            const size_t fetchers = std::min(fetch_threads, fetch_order_.size());
            for (size_t i = 0; i < fetchers; ++i)
                threads.emplace_back([this] { guard([this] { fetch_some(); }); });
            const auto missing = static_cast<unsigned>(
                std::ranges::count_if(layers_, [](const Layer& layer) { return !layer.done; }));
            const unsigned unpackers = std::min(
                {std::max(std::thread::hardware_concurrency(), 2U), most_unpack_threads, missing});
            for (unsigned i = 0; i < unpackers; ++i)
                threads.emplace_back([this] { guard([this] { unpack_some(); }); });
        }
        Cancellation::resume();
        if (failure_) {
            give_space_back();
            std::rethrow_exception(failure_);
        }
        // Only now, from the lowest: none waited for those below while it was unpacked.
        for (size_t i = 1; i < layers_.size(); ++i)
            if (layers_[i].writer && !layers_[i].has_own_root)
                staging_.inherit_root(tree_of(i - 1), *layers_[i].writer);
        std::vector<ImageStaging::StagedBlob> blobs;
        for (size_t i = 0; i < layers_.size(); ++i) {
            staging_.add_layer(keys_[i], layers_[i].info.value(), std::move(layers_[i].writer));
            blobs.push_back({std::move(layers_[i].blob), layers_[i].descriptor.type});
        }
        return blobs;
    }

  private:
    const storage::Store& store() const { return staging_.lease().store(); }

    void tell(const Layer& layer, LayerStep step, std::uint64_t current = 0) {
        progress_.layer({layer.id, step, current, layer.descriptor.size});
    }

    /// Leases everything, takes the locks of the blobs to be fetched (in one order for all
    /// processes), and marks what the store has.
    void find_what_is_missing() {
        std::map<oci::Digest, std::uint64_t> wanted;
        for (size_t i = 0; i < layers_.size(); ++i) {
            staging_.lease().add_blob(layers_[i].descriptor.digest);
            staging_.lease().add_layer(keys_[i]);
            if (!storage::has_blob(store(), layers_[i].descriptor.digest))
                wanted.emplace(layers_[i].descriptor.digest, layers_[i].descriptor.size);
        }
        for (const auto& [digest, size] : wanted) lock_blob(digest, size);
        for (size_t i = 0; i < layers_.size(); ++i) {
            Layer& layer = layers_[i];
            const auto fetch = fetches_.find(layer.descriptor.digest);
            layer.has_tree = storage::has_layer(store(), keys_[i]);
            if (fetch != fetches_.end()) {
                layer.fetch = &fetch->second;
                layer.first_of_fetch =
                    std::ranges::find(fetch_order_, layer.fetch) == fetch_order_.end();
                if (layer.first_of_fetch) fetch_order_.push_back(layer.fetch);
                tell(layer, LayerStep::pulling);
            } else {
                layer.blob = std::make_shared<storage::StoredBlob>(
                    staging_.lease(),
                    storage::BlobName{layer.descriptor.digest, layer.descriptor.size});
                if (layer.has_tree) {
                    layer.info = storage::find_layer(store(), keys_[i]).value();
                    layer.done = true;
                    tell(layer, LayerStep::already_exists);
                } else {
                    tell(layer, LayerStep::pulling);
                }
            }
        }
    }

    void lock_blob(const oci::Digest& digest, std::uint64_t size) {
        bool told = false;
        for (;;) {
            auto partial = storage::PartialBlob::attempt(staging_.lease(), {digest, size});
            if (partial) {
                // Whoever had it before us is done with it.
                if (storage::has_blob(store(), digest)) {
                    partial->remove();
                    return;
                }
                fetches_[digest] = {std::make_unique<ArrivingBlob>(std::move(partial)),
                                    digest.short_id(), nullptr};
                return;
            }
            if (!told) progress_.layer({digest.short_id(), LayerStep::waiting, 0, size});
            told = true;
            // The end of another process's lock is no event that could be waited for together with
            // a signal.
            pollfd cancelled{Cancellation::fd(), POLLIN, 0};
            poll(&cancelled, 1, lock_poll_milliseconds);
            Cancellation::check();
        }
    }

    template <typename Act>
    void guard(Act act) {
        try {
            act();
        } catch (...) {
            const std::lock_guard lock(mutex_);
            // Those that follow are of threads that were told to stop.
            if (!failure_) {
                failure_ = std::current_exception();
                Cancellation::stop();
                for (Fetch* fetch : fetch_order_) fetch->blob->give_up(failure_);
            }
            changed_.notify_all();
        }
    }

    void fetch_some() {
        std::vector<std::unique_ptr<registry::Connection>> connections(places_.size());
        for (;;) {
            Fetch* fetch = nullptr;
            {
                const std::lock_guard lock(mutex_);
                if (failure_ || next_fetch_ == fetch_order_.size()) return;
                fetch = fetch_order_[next_fetch_++];
            }
            fetch_one(*fetch, connections);
        }
    }

    void fetch_one(Fetch& fetch, std::vector<std::unique_ptr<registry::Connection>>& connections) {
        const std::uint64_t total = fetch.blob->name().size;
        const auto tell_step = [&](LayerStep step, std::uint64_t current) {
            progress_.layer({fetch.id, step, current, total});
        };
        const ArrivingBlob::Watch watch{
            .received = [&](std::uint64_t bytes) { tell_step(LayerStep::downloading, bytes); },
            .retrying = [&] { tell_step(LayerStep::retrying, 0); },
            .complete = [&] { tell_step(LayerStep::verifying, total); }};
        std::vector<ArrivingBlob::Source> sources;
        for (size_t i = 0; i < places_.size(); ++i) {
            if (!connections[i])
                connections[i] = std::make_unique<registry::Connection>(*places_[i].registry);
            sources.push_back({connections[i].get(), places_[i].path});
        }
        fetch.blob->fetch(sources, watch);
        tell_step(LayerStep::downloaded, total);
    }

    void unpack_some() {
        for (;;) {
            size_t index = 0;
            {
                const std::lock_guard lock(mutex_);
                while (next_layer_ < layers_.size() && layers_[next_layer_].done) ++next_layer_;
                if (failure_ || next_layer_ == layers_.size()) return;
                index = next_layer_++;
            }
            unpack_one(index);
            {
                const std::lock_guard lock(mutex_);
                layers_[index].done = true;
                changed_.notify_all();
            }
            tell(layers_[index], LayerStep::pulled);
        }
    }

    void unpack_one(size_t index) {
        Layer& layer = layers_[index];
        if (layer.fetch == nullptr) {
            unpack(index, *layer.blob->reopen(), nullptr);
        } else if (layer.first_of_fetch) {
            unpack_arriving(index);
        } else {
            // A layer that occurs twice: the first one has the lower index, so it was begun before.
            layer.blob = wait_for_kept(*layer.fetch);
            unpack(index, *layer.blob->reopen(), nullptr);
        }
    }

    std::shared_ptr<storage::PendingBlob> wait_for_kept(const Fetch& fetch) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] { return fetch.kept != nullptr || failure_; });
        if (failure_) throw Error(ErrorKind::system, "stopped");
        return fetch.kept;
    }

    void unpack_arriving(size_t index) {
        Layer& layer = layers_[index];
        ArrivingBlob& arriving = *layer.fetch->blob;
        for (;;) {
            try {
                std::unique_ptr<storage::BlobWriter> packed;
                const std::unique_ptr<ByteSource> bytes = arriving.follow();
                try {
                    unpack(index, *bytes, &packed);
                } catch (const Error&) {
                    // Wrong bytes are the registry's fault or of an old beginning: then that is
                    // what is to be said.
                    arriving.wait_verified();
                    throw;
                }
                arriving.wait_verified();
                keep(layer, std::move(packed));
                return;
            } catch (const BlobRestarted&) {
                layer.writer.reset();
            }
        }
    }

    void keep(Layer& layer, std::unique_ptr<storage::BlobWriter> packed) {
        std::shared_ptr<storage::PendingBlob> kept;
        if (packed) {
            packed->finish();
            layer.fetch->blob->partial().remove();
            kept = std::move(packed);
        } else {
            kept = layer.fetch->blob->take();
        }
        const std::lock_guard lock(mutex_);
        layer.blob = kept;
        layer.fetch->kept = std::move(kept);
        changed_.notify_all();
    }

    /// `packed`: plain layers are kept compressed (storage/blobs.h), so they are written a second
    /// time on the way.
    void unpack(size_t index, ByteSource& bytes, std::unique_ptr<storage::BlobWriter>* packed) {
        Layer& layer = layers_[index];
        const std::string name = "layer " + layer.id;
        WatchedSource watched(
            bytes, [&](std::uint64_t current) { tell(layer, LayerStep::extracting, current); });
        storage::Decompressor plain(watched, name);
        if (packed != nullptr && plain.kind() == storage::Compression::none)
            *packed =
                std::make_unique<storage::BlobWriter>(staging_.lease(), storage::BlobForm::packed);
        TeeSource source(plain, packed == nullptr ? nullptr : packed->get());
        std::string found;
        if (layer.has_tree) {
            storage::HashingSource hashing(source, UINT64_MAX, name);
            hashing.drain();
            found = "sha256:" + hashing.finish_hex();
            layer.info = storage::find_layer(store(), keys_[index]).value();
        } else {
            layer.writer = std::make_unique<storage::LayerWriter>(staging_.lease());
            std::vector<RootDir> trees;
            const storage::ExtractResult result = with_context(
                [&] {
                    return storage::extract_layer(source, RootDir(duplicate(layer.writer->tree())),
                                                  staging_.extract_options([&] {
                                                      trees = lower_trees(index);
                                                      return std::span<const RootDir>(trees);
                                                  }));
                },
                "failed to register layer {}", layer.id);
            found = result.diff_id;
            layer.has_own_root = result.root_is_listed;
            layer.info = storage::LayerInfo{layer.diff, result.file_bytes, result.root_is_opaque};
        }
        // What follows the end of a compressed stream is part of the blob all the same.
        drain(watched);
        if (found != layer.diff.text())
            throw Error(ErrorKind::invalid,
                        "{} has the content {}, where the image's configuration names {}", name,
                        found, layer.diff.text());
        if (layer.writer) layer.writer->seal(layer.info.value());
    }

    static void drain(ByteSource& source) {
        std::vector<char> buffer(64U << 10U);
        while (source.read(buffer) > 0) {
        }
    }

    RootDir tree_of(size_t index) const {
        return layers_[index].writer ? RootDir(duplicate(layers_[index].writer->tree()))
                                     : storage::open_layer_tree(store(), keys_[index]);
    }

    /// Topmost first; waits until all of them are unpacked.
    std::vector<RootDir> lower_trees(size_t index) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [&] {
            return failure_ ||
                   std::all_of(layers_.begin(), layers_.begin() + static_cast<long>(index),
                               [](const Layer& layer) { return layer.done; });
        });
        if (failure_) throw Error(ErrorKind::system, "stopped");
        std::vector<RootDir> trees;
        for (size_t i = index; i-- > 0;) {
            trees.push_back(tree_of(i));
            if (layers_[i].info.value().opaque) break;
        }
        return trees;
    }

    /// On a full disk what arrived is no treasure but what fills it.
    void give_space_back() {
        try {
            std::rethrow_exception(failure_);
        } catch (const SystemError& error) {
            if (error.errno_value() != ENOSPC && error.errno_value() != EDQUOT) return;
            for (auto& [digest, fetch] : fetches_)
                if (fetch.kept == nullptr) fetch.blob->partial().remove();
        } catch (...) {
        }
    }

    ImageStaging& staging_;
    std::span<const BlobPlace> places_;
    TransferProgress& progress_;
    std::vector<oci::Digest> keys_;
    std::vector<Layer> layers_;
    std::map<oci::Digest, Fetch> fetches_;
    std::vector<Fetch*> fetch_order_;
    std::mutex mutex_;  ///< of what follows, and of Layer::done and Fetch::kept
    std::condition_variable changed_;
    size_t next_fetch_ = 0;
    size_t next_layer_ = 0;
    std::exception_ptr failure_;
};

}  // namespace

std::vector<ImageStaging::StagedBlob> transfer_layers(ImageStaging& staging,
                                                      std::span<const BlobPlace> places,
                                                      const oci::Manifest& manifest,
                                                      const oci::ImageConfig& config,
                                                      TransferProgress& progress) {
    return Transfer(staging, places, manifest, config, progress).run();
}

}  // namespace skiff::engine
