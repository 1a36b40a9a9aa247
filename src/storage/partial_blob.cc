// SPDX-License-Identifier: Apache-2.0
#include "storage/partial_blob.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"

namespace skiff::storage {
namespace {

/// A blob's file from its beginning, whatever others do with its offset.
class FileFromStart final : public ByteSource {
  public:
    explicit FileFromStart(Fd fd) : fd_(std::move(fd)) {}
    size_t read(std::span<char> buffer) override {
        for (;;) {
            const ssize_t n =
                pread(fd_.get(), buffer.data(), buffer.size(), static_cast<off_t>(offset_));
            if (n >= 0) {
                offset_ += static_cast<std::uint64_t>(n);
                return static_cast<size_t>(n);
            }
            if (errno != EINTR) throw SystemError(errno, "cannot read a blob");
        }
    }

  private:
    Fd fd_;
    std::uint64_t offset_ = 0;
};

}  // namespace

std::unique_ptr<PartialBlob> PartialBlob::attempt(Lease& lease, const BlobName& name) {
    const int store = lease.store().fd();
    const std::string path = "partial/" + name.digest.hex();
    for (;;) {
        std::optional<FileLock> file = FileLock::attempt(store, path, LockMode::exclusive);
        if (!file) return nullptr;
        struct stat locked{};
        if (fstat(file->fd(), &locked) < 0)
            throw SystemError(errno, "cannot inspect the partial blob {}", name.digest.text());
        // Whoever had the lock before may have published or removed the file that we opened.
        if (locked.st_nlink == 0) continue;
        struct stat there{};
        if (fstatat(store, path.c_str(), &there, AT_SYMLINK_NOFOLLOW) < 0 ||
            there.st_ino != locked.st_ino)
            continue;
        auto size = static_cast<std::uint64_t>(locked.st_size);
        std::unique_ptr<PartialBlob> blob(new PartialBlob(lease, name, *std::move(file), size));
        if (size > name.size) blob->restart();
        return blob;
    }
}

void PartialBlob::append(std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t n = pwrite(file_.fd(), bytes.data(), bytes.size(), static_cast<off_t>(size_));
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) throw SystemError(errno, "cannot write the blob {}", name_.digest.text());
        size_ += static_cast<std::uint64_t>(n);
        bytes.remove_prefix(static_cast<size_t>(n));
    }
}

void PartialBlob::restart() {
    if (ftruncate(file_.fd(), 0) < 0)
        throw SystemError(errno, "cannot empty the partial blob {}", name_.digest.text());
    size_ = 0;
}

void PartialBlob::remove() {
    if (!gone_) unlinkat(lease_.store().fd(), path().c_str(), 0);
    gone_ = true;
}

void PartialBlob::publish() {
    if (gone_) return;  // a layer that occurs twice in an image
    lease_.add_blob(name_.digest);
    const std::string final_path = blob_path(name_.digest, BlobForm::verbatim);
    const int store = lease_.store().fd();
    const auto move = [&] {
        return renameat(store, path().c_str(), store, final_path.c_str()) == 0;
    };
    if (!move() && !(errno == EISDIR && move_to_trash(lease_.store(), final_path) && move()))
        throw SystemError(errno, "cannot store the blob {}", name_.digest.text());
    gone_ = true;
}

std::unique_ptr<ByteSource> PartialBlob::reopen() const {
    return std::make_unique<FileFromStart>(duplicate(file_.fd()));
}

}  // namespace skiff::storage
