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

/// A blob on its way into the store, or there already.
class PendingBlob {
  public:
    PendingBlob() = default;
    PendingBlob(const PendingBlob&) = delete;
    PendingBlob& operator=(const PendingBlob&) = delete;
    virtual ~PendingBlob() = default;

    /// What it is; nothing may be written afterwards. Durable only after sync_staging (which does
    /// it once for all).
    virtual const BlobName& finish() = 0;
    /// Makes it visible, after adding it to the lease. It takes the place of one that exists.
    virtual void publish() = 0;
    /// After finish: the plain content from the beginning, visible or not. The caller owns the
    /// result.
    virtual std::unique_ptr<ByteSource> reopen() const = 0;
    virtual BlobForm form() const = 0;
};

/// A blob that the store has: under the caller's lease.
class StoredBlob final : public PendingBlob {
  public:
    /// Borrows the lease, which must have it. Throws Error{not_found}.
    StoredBlob(Lease& lease, BlobName name);

    const BlobName& finish() override { return name_; }
    void publish() override {}
    std::unique_ptr<ByteSource> reopen() const override;
    BlobForm form() const override { return form_; }

  private:
    Lease& lease_;
    BlobName name_;
    BlobForm form_;
};

/// Writes one blob into the staging directory of a lease; publish makes it visible.
class BlobWriter final : public ByteSink, public PendingBlob {
  public:
    /// Borrows the lease.
    BlobWriter(Lease& lease, BlobForm form);
    ~BlobWriter() override;

    void write(std::string_view bytes) override;
    const BlobName& finish() override;
    void publish() override;
    std::unique_ptr<ByteSource> reopen() const override;
    BlobForm form() const override { return form_; }

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
