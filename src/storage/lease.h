// SPDX-License-Identifier: Apache-2.0
// What a running process is about to need: the collector passes over it for as long as the process
// lives.
//
//     leases/<name>     lines "blob <hex>" and "layer <hex>", locked exclusively by the holder
//     staging/<name>/   blobs and layers that the holder is still writing
//
// An unlocked lease is one whose holder died; the collector removes it together with its staging
// directory.
#pragma once

#include <span>
#include <string>

#include "base/fd.h"
#include "base/file_lock.h"
#include "oci/digest.h"
#include "storage/store.h"

namespace skiff::storage {

/// Move-only; its end gives the lease up and removes the staging directory (run it where layer
/// trees may be removed). Borrows the store.
class Lease {
  public:
    /// Takes the store's lock (shared) for a moment.
    static Lease take(const Store& store);
    /// The same for code that holds the lock already, so that what it looks up and what it leases
    /// are one step.
    static Lease take(const Store& store, const StoreLock& lock);

    Lease(Lease&& other) noexcept;
    Lease& operator=(Lease&&) = delete;
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;
    ~Lease();

    // From here on `digest` is kept if it is there, and when it appears. The first two take the
    // store's lock (shared).
    void add_blob(const oci::Digest& digest);
    void add_layer(const oci::Digest& chain);
    void add_blobs(const StoreLock& lock, std::span<const oci::Digest> digests);
    void add_layers(const StoreLock& lock, std::span<const oci::Digest> chains);

    /// Makes (first time) and lends staging/<name>/, mode 0700.
    int staging();
    /// The same as a path below the data directory.
    std::string staging_path() const { return "staging/" + name_; }
    const Store& store() const { return *store_; }

  private:
    Lease(const Store& store, std::string name, FileLock lock)
        : store_(&store), name_(std::move(name)), lock_(std::move(lock)) {}
    void append(const StoreLock& lock, const std::string& lines);

    const Store* store_;
    std::string name_;  ///< "" when moved from
    FileLock lock_;
    Fd staging_;
};

}  // namespace skiff::storage
