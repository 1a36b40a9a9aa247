// SPDX-License-Identifier: Apache-2.0
// A blob that arrives from outside, kept between attempts: partial/<hex of its digest>.
//
// The file is also the lock of the blob: whoever wants the same blob waits, and then finds it in
// the store. It outlives its writer, so a transfer that was cut goes on where it ended; the
// collector removes what nobody came back for (collect.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/file_lock.h"
#include "storage/blobs.h"
#include "storage/lease.h"

namespace skiff::storage {

class PartialBlob final : public PendingBlob {
  public:
    /// Nothing when somebody else has it now. Borrows the lease; `name` is what it will be.
    static std::unique_ptr<PartialBlob> attempt(Lease& lease, const BlobName& name);
    ~PartialBlob() override = default;

    /// Bytes that are there.
    std::uint64_t size() const { return size_; }
    /// The file, readable at any offset below size() while it grows.
    int fd() const { return file_.fd(); }
    /// Throws SystemError.
    void append(std::string_view bytes);
    /// Back to nothing: what was there was wrong.
    void restart();
    /// Gives the space back.
    void remove();

    // To be called once the content has been verified.
    const BlobName& finish() override { return name_; }
    void publish() override;
    std::unique_ptr<ByteSource> reopen() const override;
    BlobForm form() const override { return BlobForm::verbatim; }

  private:
    PartialBlob(Lease& lease, BlobName name, FileLock file, std::uint64_t size)
        : lease_(lease), name_(std::move(name)), file_(std::move(file)), size_(size) {}
    std::string path() const { return "partial/" + name_.digest.hex(); }

    Lease& lease_;
    BlobName name_;
    FileLock file_;
    std::uint64_t size_;
    bool gone_ = false;  ///< published or removed
};

}  // namespace skiff::storage
