// SPDX-License-Identifier: Apache-2.0
// The data directory: images, layers and what keeps them alive. One directory or file per object,
// no database.
//
//     format                  "1 1": the version of these files, and the oldest reader that understands
//                             them
//     images/oci-layout       the blobs follow the OCI image layout; there is no index.json, `save`
//                             writes one
//     images/blobs/sha256/    blobs as they are
//     images/packed/          plain layer tars, kept as zstd: <hex of the plain bytes>.zst (blobs.h)
//     images/records/         one file per image, named by the digest of its configuration
//                             (image_records.h)
//     images/refs/            one file per reference (image_records.h)
//     layers/<chain id>/      tree/ (unpacked, never changed) and meta.json (layers.h)
//     l/<8 characters>        links to ../layers/<chain id>/tree: overlay's option string stays short
//     containers/ names/ volumes/ networks/ build/
//                             the engine's; the collector reads containers/*/config.json
//     leases/<name>           what a running process is about to need (lease.h)
//     staging/<name>/         what the holder of that lease is writing
//     partial/<hex>           blobs that arrive from elsewhere, and their locks (partial_blob.h)
//     trash/                  moved out of sight, to be deleted (collect.h)
//     gc.lock trash.lock idmap
//
// Nothing is visible under its final name before it is complete and verified; everything appears
// and disappears by one rename or link, so a process may be killed anywhere. Layer trees may belong
// to subordinate ids: code that makes or removes them runs inside the store's user namespace
// (engine/store_namespace.h); this layer knows nothing of namespaces.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/file_lock.h"

namespace skiff::storage {

/// Holds gc.lock. Shared: nothing is collected meanwhile. Exclusive: nobody adds a lease, a
/// reference or an image meanwhile. Both are held for moments only, never while bytes are copied or
/// files are unpacked.
class StoreLock {
  public:
    StoreLock(FileLock lock, LockMode mode) : lock_(std::move(lock)), mode_(mode) {}
    LockMode mode() const { return mode_; }

  private:
    FileLock lock_;
    LockMode mode_;
};

class Store {
  public:
    /// Opens the store at the absolute path `root`, making what is missing. Throws
    /// Error{unsupported} when it was written by a newer skiff, Error{denied} when it belongs to
    /// somebody else or others may write to it.
    static Store open(const std::string& root);
    /// Nothing where there is no store; one that lost a directory or its `format` gets it back.
    /// Throws as open does, and Error{invalid} where `root` is something else than a directory.
    /// Costs an open, a read and a look at each directory.
    static std::optional<Store> find(const std::string& root);

    const std::string& root() const { return root_; }
    /// The data directory; paths in the functions of this layer are relative to it.
    int fd() const { return fd_.get(); }
    /// Waits for gc.lock. Lock order: container, image, store; this is the last.
    StoreLock lock(LockMode mode) const;

  private:
    Store(std::string root, Fd fd) : root_(std::move(root)), fd_(std::move(fd)) {}
    std::string root_;
    Fd fd_;
};

/// Throws Error{invalid} where `root` is there and is no directory, or is below something that is
/// none: a mistyped --root must not look like an empty store.
void require_directory_or_nothing(const std::string& root);

/// What the layers of skiff keep directly in a data directory; and a temporary of `format`.
bool is_store_entry(std::string_view name);
/// Throws Error{invalid} where the directory `root` is no store (it has no `format`) and holds
/// something that is no part of one: a mistyped --root must not take over, and a reset not delete,
/// what is not skiff's. Costs a look at `format` where there is one.
void refuse_foreign_directory(const std::string& root);

/// Throws Error{unsupported} where a newer skiff made the store at `root` and says that we cannot
/// read it; whatever else is wrong there shows when the store is opened. Costs one small file.
void refuse_newer_store(const std::string& root);

/// Moves a file or directory, named below the data directory, to trash/; false when it is absent.
/// Needs no space on the disk. Throws SystemError.
bool move_to_trash(const Store& store, const std::string& path);

}  // namespace skiff::storage
