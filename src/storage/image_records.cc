// SPDX-License-Identifier: Apache-2.0
#include "storage/image_records.h"

#include <algorithm>
#include <cassert>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "storage/archive/sha256.h"

namespace skiff::storage {
namespace {

constexpr int record_version = 1;
constexpr size_t max_record_size = 1U << 20U;
/// create_file's temporaries add 14 characters; a file name has at most 255.
constexpr size_t max_file_name = 240;

constexpr const char* records_path = "images/records";
constexpr const char* references_path = "images/refs";

Fd open_records(const Store& store) {
    return open_at(store.fd(), records_path, O_RDONLY | O_DIRECTORY);
}

/// What the image of a reference file is called, whose content cannot be read: "" when the name
/// does not tell (a long one is a digest, see reference_file_name).
std::string familiar_name_of_file(const std::string& file) {
    std::string text;
    for (std::string_view rest = file; !rest.empty();) {
        const size_t escape = rest.find("%2F");
        text += rest.substr(0, escape);
        if (escape == std::string_view::npos) break;
        text += '/';
        rest.remove_prefix(escape + 3);
    }
    try {
        const oci::Reference reference = oci::Reference::parse(text);
        return reference_file_name(reference) == file ? reference.familiar_text() : "";
    } catch (const Error&) {
        return "";
    }
}

void check_version(const Json& document, const std::string& name) {
    if (const long long version = json_integer(document, "version", name);
        version != record_version)
        throw Error(ErrorKind::unsupported, "{} has version {}, which this skiff does not read",
                    name, version);
}

const Json& member(const Json& document, const char* key, const std::string& name) {
    const auto it = document.find(key);
    if (it == document.end()) throw Error(ErrorKind::invalid, "{} has no '{}'", name, key);
    return *it;
}

/// What a message says of the file whose path stands before it.
constexpr const char* it = "its content";

ImageRecord parse_image_record(std::string_view text, const oci::Digest& id) {
    const std::string name = it;
    const Json document = parse_json(text, name);
    check_version(document, name);
    ImageRecord record{
        id, oci::parse_descriptor(member(document, "manifest", name), name), {}, {}, {}};
    for (const Json& blob : member(document, "blobs", name))
        record.blobs.push_back(
            oci::Digest::require(blob.is_string() ? blob.get<std::string>() : "", name));
    for (const Json& layer : member(document, "layers", name))
        record.layers.push_back({oci::Digest::require(json_string(layer, "chain", name), name),
                                 static_cast<std::uint64_t>(json_integer(layer, "size", name)),
                                 json_bool(layer, "opaque", name)});
    record.tagged = parse_rfc3339(json_string(document, "tagged", name)).value_or(Timestamp{});
    return record;
}

std::string print_image_record(const ImageRecord& record) {
    Json blobs = Json::array();
    for (const oci::Digest& blob : record.blobs) blobs.push_back(blob.text());
    Json layers = Json::array();
    for (const LayerRecord& layer : record.layers)
        layers.push_back(
            {{"chain", layer.chain.text()}, {"size", layer.size}, {"opaque", layer.opaque}});
    return to_text({{"version", record_version},
                    {"manifest", to_json(record.manifest)},
                    {"blobs", std::move(blobs)},
                    {"layers", std::move(layers)},
                    {"tagged", to_rfc3339(record.tagged)}});
}

ReferenceRecord parse_reference_record(std::string_view text) {
    const std::string name = it;
    const Json document = parse_json(text, name);
    check_version(document, name);
    return {oci::Reference::parse(json_string(document, "reference", name)),
            oci::Digest::require(json_string(document, "image", name), name),
            oci::parse_descriptor(member(document, "manifest", name), name)};
}

std::string print_reference_record(const ReferenceRecord& record) {
    return to_text({{"version", record_version},
                    {"reference", record.reference.text()},
                    {"image", record.image.text()},
                    {"manifest", to_json(record.manifest)}});
}

/// False when absent.
bool remove_file(const Store& store, const std::string& directory, const std::string& name) {
    const Fd dir = open_at(store.fd(), directory, O_RDONLY | O_DIRECTORY);
    if (unlinkat(dir.get(), name.c_str(), 0) < 0) {
        if (errno == ENOENT) return false;
        if (errno != EISDIR) throw SystemError(errno, "cannot remove '{}' from the store", name);
        if (!move_to_trash(store, directory + "/" + name)) return false;
    }
    sync_directory(dir.get());
    return true;
}

/// A directory in the place of the file, which no rename replaces, goes first.
void replace_record(const Store& store, const std::string& directory, const std::string& name,
                    const std::string& content) {
    const std::string path = directory + "/" + name;
    try {
        replace_file(store.fd(), path, content, 0600, Durability::sync);
    } catch (const SystemError& error) {
        if (error.errno_value() != EISDIR) throw;
        move_to_trash(store, path);
        replace_file(store.fd(), path, content, 0600, Durability::sync);
    }
}

std::optional<ReferenceRecord> read_reference(const Store& store, const std::string& file) {
    const std::string path = std::string(references_path) + "/" + file;
    return read_or_damaged(store, path, DamagedObject::reference, familiar_name_of_file(file),
                           [&]() -> std::optional<ReferenceRecord> {
                               const auto text =
                                   find_regular_file(store.fd(), path, max_record_size);
                               if (!text) return std::nullopt;
                               return parse_reference_record(*text);
                           });
}

}  // namespace

std::uint64_t ImageRecord::size() const {
    std::uint64_t sum = 0;
    for (const LayerRecord& layer : layers) sum += layer.size;
    return sum;
}

std::vector<oci::Digest> ImageRecord::visible_layers() const {
    std::vector<oci::Digest> chains;
    for (const LayerRecord& layer : layers) {
        if (layer.opaque) chains.clear();
        chains.push_back(layer.chain);
    }
    return chains;
}

std::string reference_file_name(const oci::Reference& reference) {
    // The grammar has no '%', and of what it has only the slash cannot stand in a file name; a
    // domain never begins with a dot, so no name is hidden.
    std::string name;
    const std::string text = reference.text();
    for (const char c : text) {
        if (c == '/')
            name += "%2F";
        else
            name += c;
    }
    // The slash after the domain makes every short name contain a '%', which "sha256:…" does not.
    return name.size() <= max_file_name ? name : "sha256:" + sha256_hex(text);
}

std::optional<ImageRecord> find_image_record(const Store& store, const oci::Digest& id) {
    const std::string path = std::string(records_path) + "/" + id.hex();
    return read_or_damaged(store, path, DamagedObject::image, std::string(id.short_id()),
                           [&]() -> std::optional<ImageRecord> {
                               const auto text =
                                   find_regular_file(store.fd(), path, max_record_size);
                               if (!text) return std::nullopt;
                               return parse_image_record(*text, id);
                           });
}

std::vector<oci::Digest> find_image_ids(const Store& store, std::string_view prefix) {
    std::vector<oci::Digest> ids;
    for (const std::string& name : list_directory(open_records(store).get())) {
        std::optional<oci::Digest> id = oci::Digest::from_hex(name);
        if (id && id->hex().starts_with(prefix)) ids.push_back(*std::move(id));
    }
    return ids;
}

std::vector<ImageRecord> list_image_records(const Store& store, Damages& damaged) {
    std::vector<ImageRecord> records;
    for (const oci::Digest& id : find_image_ids(store, "")) {
        try {
            // Removed since the directory was read: it is not there.
            if (std::optional<ImageRecord> record = find_image_record(store, id))
                records.push_back(*std::move(record));
        } catch (DamagedFile& damage) {
            damaged.push_back(std::move(damage));
        }
    }
    return records;
}

std::optional<ReferenceRecord> find_reference(const Store& store, const oci::Reference& reference) {
    return read_reference(store, reference_file_name(reference));
}

std::vector<ReferenceRecord> list_references(const Store& store, Damages& damaged) {
    std::vector<ReferenceRecord> records;
    const Fd directory = open_at(store.fd(), references_path, O_RDONLY | O_DIRECTORY);
    for (const std::string& file : list_directory(directory.get())) {
        if (file.starts_with('.')) continue;  // a temporary of a writer
        try {
            if (std::optional<ReferenceRecord> record = read_reference(store, file))
                records.push_back(*std::move(record));
        } catch (DamagedFile& damage) {
            damaged.push_back(std::move(damage));
        }
    }
    std::ranges::sort(records, {},
                      [](const ReferenceRecord& record) { return record.reference.text(); });
    return records;
}

void put_image_record(const Store& store, const StoreLock&, const ImageRecord& record) {
    replace_record(store, records_path, record.id.hex(), print_image_record(record));
}

void put_reference(const Store& store, const StoreLock&, const ReferenceRecord& record) {
    replace_record(store, references_path, reference_file_name(record.reference),
                   print_reference_record(record));
}

bool remove_reference(const Store& store, const StoreLock& lock, const oci::Reference& reference) {
    assert(lock.mode() == LockMode::exclusive);
    return remove_file(store, references_path, reference_file_name(reference));
}

bool remove_image_record(const Store& store, const StoreLock& lock, const oci::Digest& id) {
    assert(lock.mode() == LockMode::exclusive);
    return remove_file(store, records_path, id.hex());
}

}  // namespace skiff::storage
