// SPDX-License-Identifier: Apache-2.0
#include "engine/image/save.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "base/cancellation.h"
#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "engine/build/worker.h"
#include "engine/image/archive_target.h"
#include "engine/image/find.h"
#include "engine/image/packed_layers.h"
#include "storage/archive/sink.h"
#include "storage/archive/tar_write.h"
#include "storage/blobs.h"

namespace skiff::engine {
namespace {

struct SavedImage {
    storage::ImageRecord record;
    std::vector<oci::Reference> references;
};

void add_unique(std::vector<SavedImage>& images, storage::ImageRecord record,
                const std::optional<oci::Reference>& reference) {
    auto same = std::ranges::find(images, record.id,
                                  [](const SavedImage& image) { return image.record.id; });
    if (same == images.end()) same = images.insert(images.end(), SavedImage{std::move(record), {}});
    if (reference && std::ranges::find(same->references, *reference) == same->references.end())
        same->references.push_back(*reference);
}

/// A repository alone stands for all its tags.
bool add_repository(const storage::Store& store, std::string_view text,
                    std::vector<SavedImage>& images) {
    if (oci::Digest::parse(text) || oci::Digest::from_hex(text) || text.starts_with("sha256:"))
        return false;
    const oci::Reference typed = oci::Reference::parse(text);
    if (!typed.tag().empty() || typed.digest()) return false;
    bool found = false;
    storage::Damages damaged;
    for (const storage::ReferenceRecord& reference : storage::list_references(store, damaged)) {
        if (reference.reference.repository() != typed.repository()) continue;
        if (auto record = storage::find_image_record(store, reference.image)) {
            add_unique(images, *std::move(record), reference.reference);
            found = true;
        }
    }
    // "All its tags" must not quietly be fewer.
    for (const storage::DamagedFile& damage : damaged)
        if (damage.name().empty() ||
            oci::Reference::parse(damage.name()).repository() == typed.repository())
            throw damage;
    return found;
}

std::vector<SavedImage> find_images(const storage::Store* store,
                                    const std::vector<std::string>& names) {
    std::vector<SavedImage> images;
    for (const std::string& name : names) {
        if (store != nullptr && add_repository(*store, name, images)) continue;
        StoredImage image = get_stored_image(store, name);
        add_unique(images, std::move(image.record), image.reference);
    }
    return images;
}

std::string blob_path(const oci::Digest& digest) {
    return "blobs/sha256/" + digest.hex();
}

class Writer {
  public:
    Writer(const storage::Store& store, storage::ByteSink& sink) : store_(store), tar_(sink) {}

    void write(const std::vector<SavedImage>& images) {
        oci::Index index{std::string(oci::media_type::oci_index), {}};
        Json docker_images = Json::array();
        // The layout's marker first: who reads a stream knows what is coming.
        tar_.add_file("oci-layout", R"({"imageLayoutVersion":"1.0.0"})");
        // Unpackers that make missing directories themselves want to give them to root, and fail as
        // a user.
        for (const char* directory : {"blobs", "blobs/sha256"}) tar_.add_directory(directory);
        for (const SavedImage& image : images) write_image(image, index, docker_images);
        tar_.add_file("index.json", oci::print_index(index));
        tar_.add_file("manifest.json", to_text(docker_images));
        tar_.finish();
    }

  private:
    void write_image(const SavedImage& image, oci::Index& index, Json& docker_images) {
        const storage::ImageRecord& record = image.record;
        const std::string name = "the manifest of image " + record.id.short_id();
        const oci::Manifest manifest = oci::parse_manifest(
            storage::read_blob(store_, record.manifest.digest, oci::max_manifest_size),
            record.manifest.type, name);
        Json docker = {{"Config", blob_path(manifest.config.digest)},
                       {"RepoTags", Json()},
                       {"Layers", Json::array()}};
        write_blob(record.manifest);
        write_blob(manifest.config);
        for (const oci::Descriptor& layer : manifest.layers) {
            write_blob(layer);
            docker["Layers"].push_back(blob_path(layer.digest));
        }
        oci::Descriptor entry = record.manifest;
        if (image.references.empty()) index.manifests.push_back(entry);
        for (const oci::Reference& reference : image.references) {
            entry.annotations = {{"io.containerd.image.name", reference.text()},
                                 {"org.opencontainers.image.ref.name", reference.tag()}};
            index.manifests.push_back(entry);
            // The whole name: podman would read a short one as localhost's. A name by content is no
            // tag, and `docker load` refuses it.
            if (!reference.digest()) docker["RepoTags"].push_back(reference.text());
        }
        docker_images.push_back(std::move(docker));
    }

    void write_blob(const oci::Descriptor& blob) {
        if (!written_.insert(blob.digest).second) return;
        const std::unique_ptr<storage::ByteSource> content =
            storage::find_blob(store_, blob.digest);
        if (!content)
            throw Error(ErrorKind::not_found, "the blob {} is missing from the store",
                        blob.digest.text());
        // What is read is what is named, or the archive is not finished.
        storage::HashingSource verified(*content, blob.size, "the blob " + blob.digest.text());
        tar_.add_file(blob_path(blob.digest), blob.size, verified);
        if (verified.finish_hex() != blob.digest.hex())
            throw Error(ErrorKind::invalid, "the blob {} is damaged in the store",
                        blob.digest.text());
    }

    const storage::Store& store_;
    storage::TarWriter tar_;
    std::set<oci::Digest> written_;
};

}  // namespace

void save_images(const Engine& engine, const SaveRequest& request) {
    const std::optional<storage::Store> store = storage::Store::find(engine.root());
    if (!store) find_images(nullptr, request.images);
    std::optional<storage::StoreLock> lock = store->lock(LockMode::shared);
    const std::vector<SavedImage> images = find_images(&*store, request.images);
    storage::Lease lease = storage::Lease::take(*store, *lock);
    for (const SavedImage& image : images) {
        lease.add_blobs(*lock, image.record.blobs);
        lease.add_blobs(*lock, std::span(&image.record.manifest.digest, 1));
    }
    lock.reset();
    std::vector<storage::ImageRecord> records;
    for (const SavedImage& image : images) records.push_back(image.record);
    pack_layers(engine, lease, records);

    const Cancellation cancellation;
    constexpr mode_t as_the_umask_says = 0666;
    ArchiveTarget target(request.target, as_the_umask_says);
    BuildWorker(engine, BuildWorker::Place::ours, [&] {
        storage::FdSink sink(target.fd(), target.name());
        Writer(*store, sink).write(images);
        return std::string();
    }).finish_unless_cancelled();
    target.commit();
}

}  // namespace skiff::engine
