// SPDX-License-Identifier: Apache-2.0
#include "base/file_lock.h"

#include <cerrno>

#include <fcntl.h>

#include "base/error.h"

namespace skiff {
namespace {

struct flock whole_file(short type) {
    struct flock lock{};
    lock.l_type = type;
    lock.l_whence = SEEK_SET;
    return lock;
}

/// False when the lock is taken and `command` does not wait.
bool lock_file(int fd, LockMode mode, int command, const std::string& name) {
    struct flock lock = whole_file(mode == LockMode::exclusive ? F_WRLCK : F_RDLCK);
    while (fcntl(fd, command, &lock) < 0) {
        if (errno == EAGAIN || errno == EACCES) return false;
        if (errno != EINTR) throw SystemError(errno, "cannot lock '{}'", name);
    }
    return true;
}

}  // namespace

FileLock FileLock::wait(int dir, const std::string& name, LockMode mode) {
    Fd fd = open_at(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    lock_file(fd.get(), mode, F_OFD_SETLKW, name);
    return FileLock(std::move(fd));
}

std::optional<FileLock> FileLock::attempt(int dir, const std::string& name, LockMode mode) {
    Fd fd = open_at(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    if (!lock_file(fd.get(), mode, F_OFD_SETLK, name)) return std::nullopt;
    return FileLock(std::move(fd));
}

Fd FileLock::unlock_copies() {
    struct flock lock = whole_file(F_UNLCK);
    fcntl(fd_.get(), F_OFD_SETLK, &lock);  // cannot fail for a lock that we hold
    return release();
}

bool is_locked(int dir, const std::string& name) {
    const Fd fd = find_at(dir, name, O_RDWR | O_NOFOLLOW);
    if (!fd.valid()) return false;
    struct flock lock = whole_file(F_RDLCK);
    if (fcntl(fd.get(), F_OFD_GETLK, &lock) < 0)
        throw SystemError(errno, "cannot query the lock of '{}'", name);
    return lock.l_type != F_UNLCK;
}

}  // namespace skiff
