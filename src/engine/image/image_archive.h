// SPDX-License-Identifier: Apache-2.0
// The files of an archive of images, whichever order they come in and whether it can be rewound or
// not: documents are kept in memory, layers are taken into the staging directory.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "engine/image/new_image.h"
#include "storage/archive/source.h"

namespace skiff::engine {

class ImageArchive {
  public:
    /// Reads all of `plain`, a tar. Throws Error{invalid} naming the entry for a damaged archive,
    /// one with more than 64 MiB of documents, or paths that lead outside.
    ImageArchive(ImageStaging& staging, storage::ByteSource& plain);

    /// A small file, by its path in the archive; links are followed. Null when absent or no
    /// document.
    const std::string* find_document(const std::string& path) const;
    /// Throws Error{invalid} when absent.
    const std::string& document(const std::string& path) const;
    /// A layer, as it came. Throws Error{invalid} when absent.
    ImageStaging::StagedBlob layer(const std::string& path);
    /// Size and digest of the bytes of a layer as they were in the archive.
    const storage::BlobName& layer_name(const std::string& path);

    /// "blobs/sha256/…"
    static std::string blob_path(const oci::Digest& digest) {
        return "blobs/sha256/" + digest.hex();
    }

  private:
    void take_file(const std::string& path, storage::ByteSource& content, std::uint64_t size);
    std::string resolve(const std::string& path) const;

    ImageStaging& staging_;
    std::map<std::string, std::string> documents_;
    std::map<std::string, ImageStaging::StagedBlob> layers_;
    std::map<std::string, std::string> links_;  ///< path to path, both cleaned
    size_t document_bytes_ = 0;
};

}  // namespace skiff::engine
