// SPDX-License-Identifier: Apache-2.0
// Content named by its digest: manifests, configurations, and layers as they came or as they will
// be saved.
//
// A layer is kept twice, unpacked (layers.h) and as the bytes it came as: `save` and `push` must
// give the very bytes whose digests the manifest names, and a tree cannot be turned back into them
// (order, padding, time stamps and pax records are lost). Compressed layers are kept as they are.
// Plain ones are packed with zstd under the digest of their plain bytes: two fifths of the size,
// and no second digest to keep track of.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "oci/digest.h"
#include "storage/archive/sha256.h"
#include "storage/archive/sink.h"
#include "storage/archive/source.h"
#include "storage/lease.h"
#include "storage/store.h"

struct ZSTD_CCtx_s;

namespace skiff::storage {

enum class BlobForm {
    verbatim,  ///< images/blobs/sha256/<hex>
    packed,    ///< images/packed/<hex>.zst; digest and size are those of the plain bytes
};

struct BlobName {
    oci::Digest digest;
    std::uint64_t size = 0;  ///< bytes, of the plain form
};

/// Writes one blob into the staging directory of a lease; publish makes it visible.
class BlobWriter final : public ByteSink {
  public:
    /// Borrows the lease.
    BlobWriter(Lease& lease, BlobForm form);
    ~BlobWriter() override;

    void write(std::string_view bytes) override;
    /// What was written; nothing more may be. Durable only after sync_staging (images.h does it
    /// once for all).
    const BlobName& finish();
    /// Makes it visible, after adding it to the lease. It takes the place of one that exists.
    void publish();
    /// After finish: the content from the beginning, still in staging. The caller owns the result.
    std::unique_ptr<ByteSource> reopen() const;
    BlobForm form() const { return form_; }

  private:
    void compress(std::string_view bytes, bool end);

    struct FreeContext {
        void operator()(ZSTD_CCtx_s* context) const;
    };
    Lease& lease_;
    BlobForm form_;
    std::string file_;  ///< in the staging directory
    Fd fd_;
    Sha256 sha_;
    std::uint64_t size_ = 0;
    std::unique_ptr<ZSTD_CCtx_s, FreeContext> context_;
    std::unique_ptr<char[]> buffer_;
    std::optional<BlobName> name_;
};

/// Writes and publishes a small blob. Throws SystemError.
BlobName write_blob(Lease& lease, std::string_view content);

bool has_blob(const Store& store, const oci::Digest& digest);
/// The plain content as a source of its own, not verified; nothing when absent. Throws SystemError.
std::unique_ptr<ByteSource> find_blob(const Store& store, const oci::Digest& digest);
/// A whole small blob, verified against its name. Throws Error{not_found} when absent,
/// Error{invalid} when larger than `limit` bytes or damaged on disk.
std::string read_blob(const Store& store, const oci::Digest& digest, size_t limit);
/// The same without the comparison, for the start of a container: what the store holds was verified
/// when it came, and the first digest of a process costs 1.2 ms (libcrypto finds its algorithms).
std::string read_blob_unverified(const Store& store, const oci::Digest& digest, size_t limit);
/// Where a blob lies, relative to the data directory: for the collector.
std::string blob_path(const oci::Digest& digest, BlobForm form);

}  // namespace skiff::storage
