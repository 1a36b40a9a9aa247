// SPDX-License-Identifier: Apache-2.0
#include "engine/image/inherit_root.h"

#include <array>
#include <cerrno>

#include <fcntl.h>

#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/volume/tree_copy.h"
#include "storage/archive/xattrs.h"

namespace skiff::engine {
namespace {

/// Root's, with mode 0755 and without attributes.
bool is_plain(int directory, const struct stat& status) {
    return (status.st_mode & 07777U) == 0755 && status.st_uid == 0 && status.st_gid == 0 &&
           flistxattr(directory, nullptr, 0) <= 0;
}

}  // namespace

void inherit_root(int below, int to) {
    copy_directory_attributes(below, to);
    // Of a store with a single id.
    std::array<char, 64> owner{};
    const ssize_t size = fgetxattr(below, storage::override_xattr, owner.data(), owner.size());
    if (size > 0 &&
        fsetxattr(to, storage::override_xattr, owner.data(), static_cast<size_t>(size), 0) < 0)
        throw SystemError(errno, "cannot record the owner of a layer");
}

void inherit_root(int below, int parent, const char* name) {
    struct stat status{};
    if (fstat(below, &status) < 0) throw SystemError(errno, "cannot inspect a layer");
    if (is_plain(below, status)) {
        const timespec times[2] = {status.st_atim, status.st_mtim};
        if (utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW) < 0)
            throw SystemError(errno, "cannot set the time of '{}'", name);
        return;
    }
    inherit_root(below, open_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).get());
}

}  // namespace skiff::engine
