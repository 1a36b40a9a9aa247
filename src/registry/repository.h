// SPDX-License-Identifier: Apache-2.0
// One repository of a registry: manifests, blobs, tags (OCI distribution-spec 1.1).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "oci/digest.h"
#include "oci/manifest.h"
#include "registry/connection.h"

namespace skiff::registry {

/// A manifest or an index, as it came.
struct Document {
    std::string text;
    std::string type;  ///< media type the registry gave
    oci::Digest digest;
};

/// For one thread. Paths and references must be valid (oci::Reference).
class Repository {
  public:
    /// `path` as at the registry: "library/busybox". Borrows the connection.
    Repository(Connection& connection, std::string path)
        : connection_(connection), path_(std::move(path)) {}

    /// `reference` is a tag or a digest. What was asked for by digest has it, else Error{invalid}
    /// naming both. Throws RefusedError (404: no such manifest).
    Document get_manifest(const std::string& reference);
    /// The digest that a tag has there; nothing when absent.
    std::optional<oci::Digest> find_manifest(const std::string& reference);
    /// A small blob, verified. Error{invalid} when it has another size or digest, naming both.
    std::string get_blob(const oci::Descriptor& descriptor, size_t limit);

    struct BlobStream {
        std::uint64_t offset = 0;           ///< where it begins: as wanted, or 0
        std::optional<std::uint64_t> size;  ///< of the whole blob, if the registry says it
        std::unique_ptr<storage::ByteSource> body;
    };
    /// A blob from `offset` on; a registry that gives no parts gives all. Not verified. Throws
    /// RefusedError.
    BlobStream open_blob(const oci::Digest& digest, std::uint64_t offset);

    bool has_blob(const oci::Digest& digest);
    /// Asks the registry to take the blob from another of its repositories; where it does not, the
    /// URL of a new upload.
    std::optional<std::string> mount_blob(const oci::Digest& digest, const std::string& from);
    std::string begin_upload();
    /// Sends a whole blob to the URL of an upload.
    void put_blob(const std::string& url, storage::ByteSource& content, std::uint64_t size,
                  const oci::Digest& digest);
    /// Returns the digest that the registry gave it.
    oci::Digest put_manifest(const std::string& reference, const std::string& text,
                             const std::string& type);

    /// All of them, page by page.
    std::vector<std::string> tags();

  private:
    std::string url(std::string_view rest) const { return "/v2/" + path_ + std::string(rest); }

    Connection& connection_;
    std::string path_;
};

/// The names of all repositories, where the registry tells (v2 catalog).
std::vector<std::string> catalog(Connection& connection);
/// "rel=next" of a Link header (RFC 8288); nothing when there is none.
std::optional<std::string> next_link(std::string_view header);

}  // namespace skiff::registry
