// SPDX-License-Identifier: Apache-2.0
// Locks on files. Locks are taken in one order: container, image, store.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"

namespace skiff {

enum class LockMode { shared, exclusive };

/// A lock of the open file description (fcntl(2), F_OFD_SETLK): it is not lost when the process
/// closes another descriptor of the file, and passes to a child or over exec with the descriptor,
/// without a gap. It ends when the last copy of the descriptor is closed, so copies must not reach
/// a container.
class FileLock {
  public:
    FileLock() = default;
    /// Takes a descriptor that already holds the lock (handed over by our parent).
    explicit FileLock(Fd held) : fd_(std::move(held)) {}

    /// Opens (makes) `name` in `dir`, mode 0600, and waits for the lock.
    static FileLock wait(int dir, const std::string& name, LockMode mode);
    /// Like wait, but nothing when somebody else holds it.
    static std::optional<FileLock> attempt(int dir, const std::string& name, LockMode mode);

    bool held() const { return fd_.valid(); }
    int fd() const { return fd_.get(); }
    Fd release() { return std::move(fd_); }
    void unlock() { fd_.reset(); }
    /// The same for copies that children have until their exec; the file stays open. A lock must be
    /// held.
    Fd unlock_copies();

  private:
    Fd fd_;
};

/// True while some open file description holds a conflicting exclusive lock on `name`; false when
/// free or absent.
bool is_locked(int dir, const std::string& name);

}  // namespace skiff
