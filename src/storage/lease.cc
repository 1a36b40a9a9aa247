// SPDX-License-Identifier: Apache-2.0
#include "storage/lease.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "base/text.h"

namespace skiff::storage {

Lease Lease::take(const Store& store) {
    return take(store, store.lock(LockMode::shared));
}

// The lock makes "file exists" and "file is locked" one step for the collector, which holds it
// exclusively.
Lease Lease::take(const Store& store, const StoreLock&) {
    const std::string name = random_hex(8);
    std::optional<FileLock> lock =
        FileLock::attempt(store.fd(), "leases/" + name, LockMode::exclusive);
    if (!lock) throw Error(ErrorKind::conflict, "the lease '{}' exists already", name);
    return {store, name, *std::move(lock)};
}

Lease::Lease(Lease&& other) noexcept
    : store_(other.store_),
      name_(std::exchange(other.name_, {})),
      lock_(std::move(other.lock_)),
      staging_(std::move(other.staging_)) {}

Lease::~Lease() {
    if (name_.empty()) return;
    try {
        if (staging_.valid()) remove_tree(store_->fd(), staging_path());
    } catch (const Error&) {
        // It stays, and belongs to a lease that nobody holds: the next collection removes it.
    }
    unlinkat(store_->fd(), ("leases/" + name_).c_str(), 0);
}

void Lease::append(const StoreLock&, const std::string& lines) {
    const std::string file = fmt::format("'{}/leases/{}'", store_->root(), name_);
    if (lseek(lock_.fd(), 0, SEEK_END) < 0) throw SystemError(errno, "cannot write {}", file);
    write_all(lock_.fd(), lines, file);
}

void Lease::add_blob(const oci::Digest& digest) {
    append(store_->lock(LockMode::shared), "blob " + digest.hex() + "\n");
}

void Lease::add_layer(const oci::Digest& chain) {
    append(store_->lock(LockMode::shared), "layer " + chain.hex() + "\n");
}

void Lease::add_blobs(const StoreLock& lock, std::span<const oci::Digest> digests) {
    std::string lines;
    for (const oci::Digest& digest : digests) lines += "blob " + digest.hex() + "\n";
    append(lock, lines);
}

void Lease::add_layers(const StoreLock& lock, std::span<const oci::Digest> chains) {
    std::string lines;
    for (const oci::Digest& chain : chains) lines += "layer " + chain.hex() + "\n";
    append(lock, lines);
}

int Lease::staging() {
    if (!staging_.valid()) staging_ = open_or_make_directory(store_->fd(), staging_path(), 0700);
    return staging_.get();
}

}  // namespace skiff::storage
