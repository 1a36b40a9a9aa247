// SPDX-License-Identifier: Apache-2.0
#include "engine/image/find.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "storage/blobs.h"

namespace skiff::engine {
namespace {

constexpr std::array<std::string_view, 2> built_in_images = {"hello-world", "host"};

/// A name of the repository by content: no file has it, but a tag of the repository may point
/// there.
std::optional<storage::ReferenceRecord> find_by_manifest(const storage::Store& store,
                                                         const oci::Reference& reference) {
    storage::Damages damaged;  // another name's
    for (storage::ReferenceRecord& record : storage::list_references(store, damaged))
        if (record.reference.repository() == reference.repository() &&
            record.manifest.digest == *reference.digest())
            return std::move(record);
    return std::nullopt;
}

std::optional<StoredImage> find_by_reference(const storage::Store& store,
                                             const oci::Reference& typed) {
    const oci::Reference reference = typed.with_default_tag().without_redundant_tag();
    std::optional<storage::ReferenceRecord> found = storage::find_reference(store, reference);
    if (!found && reference.digest()) found = find_by_manifest(store, reference);
    if (!found) return std::nullopt;
    std::optional<storage::ImageRecord> record = storage::find_image_record(store, found->image);
    // Only a removal that was killed between name and record could leave a name alone; it names
    // nothing.
    if (!record) return std::nullopt;
    return StoredImage{*std::move(record), std::move(found->reference)};
}

std::optional<StoredImage> find_by_id(const storage::Store& store, const oci::Digest& id) {
    if (std::optional<storage::ImageRecord> record = storage::find_image_record(store, id))
        return StoredImage{*std::move(record), std::nullopt};
    return std::nullopt;
}

std::optional<StoredImage> find_by_prefix(const storage::Store& store, std::string_view prefix) {
    const std::vector<oci::Digest> ids = storage::find_image_ids(store, prefix);
    if (ids.size() > 1)
        throw Error(ErrorKind::conflict, "multiple IDs found with provided prefix: {}", prefix);
    return ids.empty() ? std::nullopt : find_by_id(store, ids.front());
}

}  // namespace

std::span<const std::string_view> built_in_image_names() {
    return built_in_images;
}

std::optional<std::string_view> find_built_in_image(std::string_view text) {
    if (oci::Digest::parse(text) || oci::Digest::from_hex(text)) return std::nullopt;
    const std::string name = oci::Reference::parse(text).with_default_tag().familiar_text();
    for (const std::string_view image : built_in_images)
        if (name == fmt::format("{}:latest", image)) return image;
    return std::nullopt;
}

std::optional<StoredImage> find_stored_image(const storage::Store& store, std::string_view text) {
    if (const auto id = oci::Digest::parse(text)) return find_by_id(store, *id);
    if (const auto id = oci::Digest::from_hex(text)) return find_by_id(store, *id);
    if (constexpr std::string_view prefix = "sha256:"; text.starts_with(prefix)) {
        const std::string_view digits = text.substr(prefix.size());
        if (oci::is_lower_hex(digits)) return find_by_prefix(store, digits);
    }
    if (std::optional<StoredImage> image = find_by_reference(store, oci::Reference::parse(text)))
        return image;
    return oci::is_lower_hex(text) ? find_by_prefix(store, text) : std::nullopt;
}

std::optional<FoundImage> find_image(const storage::Store* store, std::string_view text) {
    if (store != nullptr)
        if (std::optional<StoredImage> image = find_stored_image(*store, text))
            return *std::move(image);
    if (const auto name = find_built_in_image(text)) return BuiltInImage{std::string(*name)};
    return std::nullopt;
}

void throw_no_such_image(std::string_view text) {
    if (const auto built_in = find_built_in_image(text))
        throw Error(ErrorKind::unsupported,
                    "the image '{}' is built into skiff: it can be run, but it is in no store, so "
                    "there is nothing to inspect, tag, save or remove",
                    *built_in);
    // Names are shown as they were understood, ids as they were typed.
    std::string name(text);
    if (!oci::Digest::parse(text) && !oci::Digest::from_hex(text))
        name = oci::Reference::parse(text).with_default_tag().familiar_text();
    throw Error(ErrorKind::not_found, "No such image: {}", name);
}

StoredImage get_stored_image(const storage::Store* store, std::string_view text) {
    if (store != nullptr)
        if (std::optional<StoredImage> image = find_stored_image(*store, text))
            return *std::move(image);
    throw_no_such_image(text);
}

oci::ImageConfig read_image_config(const storage::Store& store, const oci::Digest& id) {
    return storage::read_or_damaged(
        store, storage::blob_path(id, storage::BlobForm::verbatim),
        storage::DamagedObject::configuration, std::string(id.short_id()), [&] {
            return oci::parse_image_config(
                storage::read_blob_unverified(store, id, oci::max_image_config_size),
                "its content");
        });
}

std::optional<ResolvedImage> resolve_image(const storage::Store& store, std::string_view text) {
    const storage::StoreLock lock = store.lock(LockMode::shared);
    std::optional<StoredImage> image = find_stored_image(store, text);
    if (!image) return std::nullopt;
    ResolvedImage resolved{image->id(), std::move(image->reference),
                           read_image_config(store, image->id()), image->record.visible_layers(),
                           storage::Lease::take(store, lock)};
    resolved.lease.add_layers(lock, resolved.layers);
    return resolved;
}

}  // namespace skiff::engine
