// SPDX-License-Identifier: Apache-2.0
#include "engine/image/image_archive.h"

#include <array>
#include <cstring>

#include "base/error.h"
#include "base/text.h"
#include "oci/manifest.h"
#include "storage/archive/decompress.h"
#include "storage/archive/tar_reader.h"

namespace skiff::engine {
namespace {

using storage::TarEntry;
using storage::TarEntryType;

constexpr size_t max_document_bytes = 64U << 20U;
/// As symbolic links in a file system; docker-archives link layers that occur twice.
constexpr int max_links = 40;

/// The path without ".", and with ".." taken back. Throws when it leaves the archive.
std::string clean(std::string_view path, std::string_view entry) {
    std::vector<std::string> parts;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part != "..") {
            parts.emplace_back(part);
        } else if (parts.empty()) {
            throw Error(ErrorKind::invalid, "the entry {} leads outside of the archive",
                        skiff::quoted(entry));
        } else {
            parts.pop_back();
        }
    }
    return join(parts, "/");
}

std::string parent_of(const std::string& path) {
    const size_t slash = path.find_last_of('/');
    return slash == std::string::npos ? std::string() : path.substr(0, slash);
}

/// Gives back one block that has been looked at, then the rest.
class BlockThenRest final : public storage::ByteSource {
  public:
    BlockThenRest(std::string_view block, storage::ByteSource& rest) : block_(block), rest_(rest) {}
    size_t read(std::span<char> buffer) override {
        if (block_.empty()) return rest_.read(buffer);
        const size_t count = std::min(buffer.size(), block_.size());
        std::memcpy(buffer.data(), block_.data(), count);
        block_.remove_prefix(count);
        return count;
    }

  private:
    std::string_view block_;
    storage::ByteSource& rest_;
};

bool is_layer(std::string_view block) {
    constexpr size_t magic_offset = 257;
    return storage::recognise_compression(block) != storage::Compression::none ||
           (block.size() == storage::tar_block_size &&
            block.substr(magic_offset).starts_with("ustar"));
}

}  // namespace

ImageArchive::ImageArchive(ImageStaging& staging, storage::ByteSource& plain) : staging_(staging) {
    storage::TarReader tar(plain);
    while (const TarEntry* entry = tar.next()) {
        const std::string path = clean(entry->name, entry->name);
        switch (entry->type) {
            case TarEntryType::file:
                take_file(path, tar.content(), entry->size);
                break;
            case TarEntryType::symlink:
                links_[path] = clean(parent_of(path) + "/" + entry->link_target, entry->name);
                break;
            case TarEntryType::hard_link:
                links_[path] = clean(entry->link_target, entry->name);
                break;
            case TarEntryType::directory:
                break;
            case TarEntryType::character_device:
            case TarEntryType::block_device:
            case TarEntryType::fifo:
                throw Error(ErrorKind::invalid,
                            "the entry {} is a {}, which no archive of images has",
                            skiff::quoted(entry->name), to_string(entry->type));
        }
    }
    if (!tar.has_end_marker())
        throw Error(ErrorKind::invalid, std::string("the archive was cut: it has no end marker"));
}

void ImageArchive::take_file(const std::string& path, storage::ByteSource& content,
                             std::uint64_t size) {
    std::array<char, storage::tar_block_size> first;
    const std::string_view block(first.data(), read_full(content, first));
    BlockThenRest whole(block, content);
    if (is_layer(block) || size > oci::max_image_config_size) {
        layers_.insert_or_assign(path, staging_.take_layer(whole, skiff::quoted(path)));
        return;
    }
    std::string text = read_to_end(whole, oci::max_image_config_size, skiff::quoted(path));
    document_bytes_ += text.size();
    if (document_bytes_ > max_document_bytes)
        throw Error(ErrorKind::invalid, "the archive has more than {} bytes of documents",
                    max_document_bytes);
    documents_.insert_or_assign(path, std::move(text));
}

std::string ImageArchive::resolve(const std::string& path) const {
    std::string current = clean(path, path);
    for (int i = 0; i < max_links; ++i) {
        const auto link = links_.find(current);
        if (link == links_.end()) return current;
        current = link->second;
    }
    throw Error(ErrorKind::invalid, "too many links in the archive at {}", skiff::quoted(path));
}

const std::string* ImageArchive::find_document(const std::string& path) const {
    const auto found = documents_.find(resolve(path));
    return found == documents_.end() ? nullptr : &found->second;
}

const std::string& ImageArchive::document(const std::string& path) const {
    if (const std::string* text = find_document(path)) return *text;
    throw Error(ErrorKind::invalid, "the archive has no file {}", skiff::quoted(path));
}

ImageStaging::StagedBlob ImageArchive::layer(const std::string& path) {
    const std::string resolved = resolve(path);
    if (const auto found = layers_.find(resolved); found != layers_.end()) return found->second;
    // A layer in the oldest format of tar, or an empty one, looks like no layer.
    storage::MemorySource bytes(document(path));
    return layers_.emplace(resolved, staging_.take_layer(bytes, skiff::quoted(path))).first->second;
}

const storage::BlobName& ImageArchive::layer_name(const std::string& path) {
    return layer(path).writer->finish();
}

}  // namespace skiff::engine
