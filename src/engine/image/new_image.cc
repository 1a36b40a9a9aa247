// SPDX-License-Identifier: Apache-2.0
#include "engine/image/new_image.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <fcntl.h>

#include "base/error.h"
#include "engine/image/inherit_root.h"
#include "storage/archive/decompress.h"
#include "storage/archive/extract.h"
#include "storage/archive/sha256.h"
#include "storage/collect.h"
#include "storage/image_records.h"

namespace skiff::engine {
namespace {

using storage::BlobForm;
using storage::ByteSource;
using storage::Compression;

/// Enough for every compression's signature.
constexpr size_t signature_size = 6;

/// A source whose first bytes have been looked at.
class PeekedSource final : public ByteSource {
  public:
    explicit PeekedSource(ByteSource& rest) : rest_(rest) {
        size_ = read_full(rest, std::span(first_.data(), signature_size));
    }
    Compression compression() const {
        return storage::recognise_compression({first_.data(), size_});
    }
    size_t read(std::span<char> buffer) override {
        if (used_ == size_) return rest_.read(buffer);
        const size_t count = std::min(buffer.size(), size_ - used_);
        std::memcpy(buffer.data(), first_.data() + used_, count);
        used_ += count;
        return count;
    }

  private:
    ByteSource& rest_;
    std::array<char, signature_size> first_{};
    size_t size_ = 0;
    size_t used_ = 0;
};

/// Copies what is pulled through it.
class TeeSource final : public ByteSource {
  public:
    TeeSource(ByteSource& from, storage::ByteSink& to) : from_(from), to_(to) {}
    size_t read(std::span<char> buffer) override {
        const size_t count = from_.read(buffer);
        to_.write({buffer.data(), count});
        return count;
    }

  private:
    ByteSource& from_;
    storage::ByteSink& to_;
};

void drain(ByteSource& source) {
    std::array<char, 64U << 10U> buffer;
    while (source.read(buffer) > 0) {
    }
}

std::string_view layer_type(Compression compression) {
    switch (compression) {
        case Compression::gzip:
            return oci::media_type::oci_layer_gzip;
        case Compression::zstd:
            return oci::media_type::oci_layer_zstd;
        case Compression::none:
        case Compression::xz:
        case Compression::bzip2:
            break;
    }
    return oci::media_type::oci_layer;
}

/// xz has no media type, so it is kept as the plain tar.
bool kept_verbatim(Compression compression) {
    return compression == Compression::gzip || compression == Compression::zstd;
}

/// The plain bytes of a layer on their way through a blob that keeps them.
class LayerIntake {
  public:
    LayerIntake(storage::Lease& lease, ByteSource& raw, const std::string& name)
        : peeked_(raw),
          verbatim_(kept_verbatim(peeked_.compression())),
          writer_(std::make_shared<storage::BlobWriter>(
              lease, verbatim_ ? BlobForm::verbatim : BlobForm::packed)),
          type_(layer_type(peeked_.compression())),
          raw_tee_(peeked_, *writer_),
          plain_(verbatim_ ? static_cast<ByteSource&>(raw_tee_) : peeked_, name),
          plain_tee_(plain_, *writer_) {}

    bool verbatim() const { return verbatim_; }
    ByteSource& raw() { return raw_tee_; }
    ByteSource& plain() { return verbatim_ ? static_cast<ByteSource&>(plain_) : plain_tee_; }
    /// Reads what is left (a decoder may stop before the last byte) and ends the blob.
    ImageStaging::StagedBlob finish() {
        drain(verbatim_ ? static_cast<ByteSource&>(raw_tee_) : plain_tee_);
        writer_->finish();
        return {writer_, type_};
    }

  private:
    PeekedSource peeked_;
    bool verbatim_;
    std::shared_ptr<storage::BlobWriter> writer_;
    std::string_view type_;
    TeeSource raw_tee_;
    storage::Decompressor plain_;
    TeeSource plain_tee_;
};

[[noreturn]] void wrong_diff(const std::string& name, std::string_view found,
                             const oci::Digest& wanted) {
    throw Error(ErrorKind::invalid,
                "{} has the content {}, where the image's configuration names {}", name, found,
                wanted.text());
}

}  // namespace

ImageStaging::ImageStaging(const storage::Store& store, const LayerOwnership& ownership)
    : store_(store), ownership_(ownership), lease_(storage::Lease::take(store)) {
    // What killed ones wrote takes room that we may need, and nobody else comes for it soon.
    if (storage::discard_dead_leases(store)) storage::empty_trash(store);
}

ImageStaging::StagedBlob ImageStaging::take_layer(ByteSource& raw, const std::string& name) {
    LayerIntake intake(lease_, raw, name);
    // A compressed layer is not looked into yet: unpack_layer does it, once.
    return intake.finish();
}

ImageStaging::ImportedLayer ImageStaging::import_layer(ByteSource& raw, const std::string& name) {
    LayerIntake intake(lease_, raw, name);
    // Nobody vouches for an imported archive, so one that just stops was cut.
    auto writer = std::make_unique<storage::LayerWriter>(lease_);
    const storage::ExtractResult result =
        storage::extract_layer(intake.plain(), RootDir(duplicate(writer->tree())),
                               extract_options(nullptr, storage::EndMarker::required));
    StagedBlob blob = intake.finish();
    const oci::Digest diff = oci::Digest::require(result.diff_id, name);
    const storage::LayerInfo info{diff, result.file_bytes, result.root_is_opaque};
    writer->seal(info);
    layers_.push_back({keys(std::span(&diff, 1)).back(), info, std::move(writer)});
    return {std::move(blob), diff};
}

std::vector<oci::Digest> ImageStaging::keys(std::span<const oci::Digest> diffs) const {
    return storage::layer_keys(diffs, ownership_.ownership);
}

void ImageStaging::unpack_layer(const StagedBlob& blob, std::span<const oci::Digest> diffs,
                                const std::string& name) {
    const std::vector<oci::Digest> all = keys(diffs);
    const oci::Digest& diff = diffs.back();
    const oci::Digest& key = all.back();
    // Leased first: what is found now stays.
    lease_.add_layer(key);
    const std::unique_ptr<ByteSource> stored = blob.writer->reopen();
    storage::Decompressor plain(*stored, name);
    const bool staged = find_staged(key) != nullptr;
    if (staged || storage::has_layer(store_, key)) {
        // The tree is the right one by its name; whether this blob holds the same is still to be
        // shown.
        std::string digest = blob.writer->finish().digest.hex();
        if (blob.writer->form() == BlobForm::verbatim) {
            storage::HashingSource hashing(plain, UINT64_MAX, name);
            hashing.drain();
            digest = hashing.finish_hex();
        }
        if (digest != diff.hex()) wrong_diff(name, "sha256:" + digest, diff);
        if (!staged) layers_.push_back({key, storage::find_layer(store_, key).value(), nullptr});
        return;
    }
    auto writer = std::make_unique<storage::LayerWriter>(lease_);
    const std::vector<RootDir> lowers = open_trees(std::span(all).first(all.size() - 1));
    const storage::ExtractResult result = with_context(
        [&] {
            return storage::extract_layer(plain, RootDir(duplicate(writer->tree())),
                                          extract_options([&] { return std::span(lowers); }));
        },
        "{}", name);
    if (result.diff_id != diff.text()) wrong_diff(name, result.diff_id, diff);
    if (!result.root_is_listed && !lowers.empty()) inherit_root(lowers.front(), *writer);
    const storage::LayerInfo info{diff, result.file_bytes, result.root_is_opaque};
    writer->seal(info);
    layers_.push_back({key, info, std::move(writer)});
}

void ImageStaging::inherit_root(const RootDir& below, const storage::LayerWriter& writer) const {
    const Fd readable = below.open(".", O_RDONLY | O_DIRECTORY);
    engine::inherit_root(readable.get(), writer.tree());
}

void ImageStaging::add_layer(const oci::Digest& key, const storage::LayerInfo& info,
                             std::unique_ptr<storage::LayerWriter> writer) {
    if (find_staged(key) == nullptr) layers_.push_back({key, info, std::move(writer)});
}

const ImageStaging::StagedLayer* ImageStaging::find_staged(const oci::Digest& key) const {
    for (const StagedLayer& layer : layers_)
        if (layer.key == key) return &layer;
    return nullptr;
}

std::vector<RootDir> ImageStaging::open_trees(std::span<const oci::Digest> keys) const {
    std::vector<RootDir> trees;
    for (auto key = keys.rbegin(); key != keys.rend(); ++key) {
        const StagedLayer* staged = find_staged(*key);
        if (staged != nullptr && staged->writer)
            trees.emplace_back(duplicate(staged->writer->tree()));
        else
            trees.push_back(storage::open_layer_tree(store_, *key));
        if (layer_info(*key).opaque) break;
    }
    return trees;
}

storage::ExtractOptions ImageStaging::extract_options(
    std::function<std::span<const RootDir>()> lowers, storage::EndMarker end_marker) const {
    storage::ExtractOptions options;
    options.ownership = ownership_.ownership;
    options.overlay_xattrs = ownership_.overlay_xattrs;
    options.end_marker = end_marker;
    options.lowers = std::move(lowers);
    return options;
}

storage::LayerInfo ImageStaging::layer_info(const oci::Digest& key) const {
    const StagedLayer* layer = find_staged(key);
    if (layer == nullptr)
        throw Error(ErrorKind::invalid, "the layer {} was not unpacked", key.short_id());
    return layer->info;
}

oci::Digest ImageStaging::add(NewImage image) {
    const oci::Digest id = *oci::Digest::from_hex(storage::sha256_hex(image.config_text));
    images_.push_back(std::move(image));
    return id;
}

void ImageStaging::commit() {
    struct Ready {
        storage::ImageRecord record;
        const std::vector<oci::Reference>* references;
    };
    std::vector<Ready> ready;
    // Small blobs are written before the sync, so that it covers them.
    std::vector<std::unique_ptr<storage::BlobWriter>> documents;
    const auto write_document = [&](std::string_view text) -> const storage::BlobName& {
        documents.push_back(std::make_unique<storage::BlobWriter>(lease_, BlobForm::verbatim));
        documents.back()->write(text);
        return documents.back()->finish();
    };
    for (NewImage& image : images_) {
        const storage::BlobName config = write_document(image.config_text);
        oci::Manifest manifest{
            std::string(oci::media_type::oci_manifest),
            {std::string(oci::media_type::oci_config), config.digest, config.size, {}, {}},
            {}};
        storage::ImageRecord record{config.digest, manifest.config, {config.digest}, {}, now()};
        for (const StagedBlob& layer : image.layers) {
            const storage::BlobName& name = layer.writer->finish();
            manifest.layers.push_back({std::string(layer.type), name.digest, name.size, {}, {}});
            record.blobs.push_back(name.digest);
        }
        for (const oci::Digest& key : keys(image.config.diff_ids)) {
            const storage::LayerInfo info = layer_info(key);
            record.layers.push_back({key, info.size, info.opaque});
        }
        const storage::BlobName name = write_document(
            image.manifest_text ? *image.manifest_text : oci::print_manifest(manifest));
        record.manifest = {image.manifest_text ? image.manifest_type : manifest.type,
                           name.digest,
                           name.size,
                           {},
                           {}};
        ready.push_back({std::move(record), &image.references});
    }

    storage::sync_staging(store_);
    for (const auto& document : documents) document->publish();
    for (const NewImage& image : images_)
        for (const StagedBlob& layer : image.layers) layer.writer->publish();
    for (const StagedLayer& layer : layers_) {
        if (layer.writer)
            layer.writer->commit(layer.key);
        else if (!layer.info.boot.empty())
            storage::keep_layer(store_, layer.key);
    }
    // The renames reach the disk before anything that relies on them.
    for (const char* directory : {"images/blobs/sha256", "images/packed", "layers", "l"})
        storage::sync_directory(store_, directory);

    const storage::StoreLock lock = store_.lock(LockMode::shared);
    for (const Ready& image : ready) {
        // The same image may have come before with layers that are compressed otherwise: a name of
        // it still wants those.
        storage::ImageRecord record = image.record;
        if (const auto old = storage::find_image_record(store_, record.id))
            for (const oci::Digest& blob : old->blobs)
                if (std::ranges::find(record.blobs, blob) == record.blobs.end())
                    record.blobs.push_back(blob);
        storage::put_image_record(store_, lock, record);
        for (const oci::Reference& reference : *image.references)
            storage::put_reference(store_, lock,
                                   {reference, image.record.id, image.record.manifest});
    }
}

}  // namespace skiff::engine
