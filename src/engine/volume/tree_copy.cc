// SPDX-License-Identifier: Apache-2.0
#include "engine/volume/tree_copy.h"

#include <array>
#include <cerrno>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/file.h"
#include "base/in_root.h"
#include "base/text.h"
#include "storage/archive/xattrs.h"

namespace skiff::engine {
namespace {

/// Two descriptors per level: below the limit that every process has.
constexpr unsigned max_depth = 400;
constexpr size_t max_chunk = size_t{1} << 30U;

[[noreturn]] void fail(const char* act, const std::string& path) {
    throw SystemError(errno, "cannot {} {}", act, quoted(path));
}

[[noreturn]] void refuse_depth(const std::string& path) {
    throw Error(ErrorKind::unsupported, "more than {} directories are inside each other: {}…",
                max_depth, quoted(path.substr(0, 100)));
}

Fd open_name(int directory, const std::string& name, int flags, const std::string& path) {
    const int fd = in_root::open_beneath(directory, name.c_str(), flags | O_NOFOLLOW);
    if (fd < 0) throw SystemError(-fd, "cannot open {}", quoted(path));
    return Fd(fd);
}

struct stat status_of(int fd, const std::string& path) {
    struct stat status{};
    if (fstat(fd, &status) < 0) fail("inspect", path);
    return status;
}

/// What copy_file_range(2) refuses between two file systems, sendfile(2) does.
void copy_range(int from, int to, off_t begin, off_t end, const std::string& path) {
    bool by_range = true;
    off_t source = begin;
    off_t target = begin;
    while (source < end) {
        const size_t length = std::min(static_cast<size_t>(end - source), max_chunk);
        ssize_t n = -1;
        if (by_range) {
            n = copy_file_range(from, &source, to, &target, length, 0);
            if (n < 0 && errno != EINTR && errno != ENOSPC && errno != EDQUOT && errno != EIO) {
                by_range = false;
                continue;
            }
        } else {
            if (lseek(to, source, SEEK_SET) < 0) fail("write", path);
            n = sendfile(to, from, &source, length);
        }
        if (n < 0 && errno != EINTR) fail("copy", path);
        if (n == 0) return;  // it became shorter
    }
}

void copy_content(int from, int to, off_t size, const std::string& path) {
    if (ftruncate(to, size) < 0) fail("write", path);
    off_t end = 0;
    while (end < size) {
        const off_t begin = lseek(from, end, SEEK_DATA);
        if (begin < 0 && errno == ENXIO) return;  // the rest is a hole
        if (begin < 0) return copy_range(from, to, end, size, path);
        end = lseek(from, begin, SEEK_HOLE);
        if (end < 0) end = size;
        copy_range(from, to, begin, end, path);
    }
}

class TreeCopy {
  public:
    TreeCopy(const RootDir& to, const IdTranslation& translation,
             LayerMarks marks = LayerMarks::drop)
        : root_(to), translation_(translation), marks_(marks) {}

    void copy_directory(int from, int to, const std::string& path, unsigned depth) {
        if (depth == max_depth) refuse_depth(path);
        for (const std::string& name : list_directory(from)) {
            const std::string below = path.empty() ? name : path + "/" + name;
            struct stat status{};
            if (fstatat(from, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0)
                fail("inspect", below);
            if (!S_ISDIR(status.st_mode) && status.st_nlink > 1 && link_known(status, to, name))
                continue;
            copy_one(from, to, name, status, below, depth);
        }
        copy_attributes(from, to, path);
        if (marks_ == LayerMarks::keep) copy_opaque_mark(from, to, path);
    }

    /// Owner first: chown(2) clears the set-id bits and file capabilities.
    void copy_attributes(int from, int to, const std::string& path) const {
        const struct stat status = status_of(from, path);
        if (fchown(to, uid(status), gid(status)) < 0) fail("give", path);
        if (fchmod(to, status.st_mode & 07777U) < 0) fail("set the mode of", path);
        copy_portable_xattrs(from, to, path);
        const timespec times[2] = {status.st_atim, status.st_mtim};
        if (futimens(to, times) < 0) fail("set the times of", path);
    }

  private:
    uid_t uid(const struct stat& status) const {
        return translation_.uid ? translation_.uid(status.st_uid) : status.st_uid;
    }
    gid_t gid(const struct stat& status) const {
        return translation_.gid ? translation_.gid(status.st_gid) : status.st_gid;
    }

    static void copy_opaque_mark(int from, int to, const std::string& path) {
        const char* mark = storage::opaque_xattr(storage::OverlayXattrs::user);
        std::array<char, 8> value;
        const ssize_t length = fgetxattr(from, mark, value.data(), value.size());
        if (length < 0 && (errno == ENODATA || errno == ENOTSUP)) return;
        if (length < 0 || fsetxattr(to, mark, value.data(), static_cast<size_t>(length), 0) < 0)
            fail("copy the overlay mark of", path);
    }

    void copy_one(int from, int to, const std::string& name, const struct stat& status,
                  const std::string& path, unsigned depth) {
        if (S_ISDIR(status.st_mode)) {
            const Fd source = open_name(from, name, O_RDONLY | O_DIRECTORY, path);
            if (mkdirat(to, name.c_str(), 0700) < 0) fail("make", path);
            const Fd target = open_name(to, name, O_RDONLY | O_DIRECTORY, path);
            return copy_directory(source.get(), target.get(), path, depth + 1);
        }
        if (S_ISREG(status.st_mode)) {
            copy_file(from, to, name, path);
        } else if (S_ISLNK(status.st_mode)) {
            const auto text = find_link(from, name);
            if (!text || symlinkat(text->c_str(), to, name.c_str()) < 0) fail("link", path);
            set_owner_and_times(to, name, status, path);
        } else if (mknodat(to, name.c_str(), status.st_mode, status.st_rdev) == 0) {
            set_owner_and_times(to, name, status, path);
            // mknod(2) heeds the umask; what was made is no link.
            const Fd node = open_name(to, name, O_PATH, path);
            const std::string by_fd = fmt::format("/proc/self/fd/{}", node.get());
            if (fchmodat(AT_FDCWD, by_fd.c_str(), status.st_mode & 07777U, 0) < 0)
                fail("set the mode of", path);
        } else if (errno != EPERM) {
            fail("make", path);
        } else {
            return;  // a device, which a user namespace may not make
        }
        if (status.st_nlink > 1) known_.emplace(std::pair(status.st_dev, status.st_ino), path);
    }

    void copy_file(int from, int to, const std::string& name, const std::string& path) {
        // O_NONBLOCK: it may have become a FIFO.
        const Fd source = open_name(from, name, O_RDONLY | O_NONBLOCK | O_NOCTTY, path);
        const struct stat status = status_of(source.get(), path);
        if (!S_ISREG(status.st_mode))
            throw Error(ErrorKind::invalid, "{} is not a regular file any more", quoted(path));
        Fd target(
            openat(to, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
        if (!target.valid()) fail("make", path);
        copy_content(source.get(), target.get(), status.st_size, path);
        copy_attributes(source.get(), target.get(), path);
        target.close();
    }

    void set_owner_and_times(int to, const std::string& name, const struct stat& status,
                             const std::string& path) const {
        const timespec times[2] = {status.st_atim, status.st_mtim};
        if (fchownat(to, name.c_str(), uid(status), gid(status), AT_SYMLINK_NOFOLLOW) < 0 ||
            utimensat(to, name.c_str(), times, AT_SYMLINK_NOFOLLOW) < 0)
            fail("give", path);
    }

    bool link_known(const struct stat& status, int to, const std::string& name) {
        const auto known = known_.find({status.st_dev, status.st_ino});
        if (known == known_.end()) return false;
        const RootDir::Parent parent = root_.open_parent_beneath(known->second, false);
        if (linkat(parent.directory.get(), parent.name.c_str(), to, name.c_str(), 0) < 0)
            fail("link", known->second);
        return true;
    }

    const RootDir& root_;
    const IdTranslation& translation_;
    LayerMarks marks_;
    std::map<std::pair<dev_t, ino_t>, std::string> known_;  ///< files with several links
};

void give_below(int directory, uid_t uid, gid_t gid, const std::string& path, unsigned depth) {
    if (depth == max_depth) refuse_depth(path);
    for (const std::string& name : list_directory(directory)) {
        const std::string below = path + "/" + name;
        struct stat status{};
        if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
            if (errno == ENOENT) continue;  // somebody else uses it meanwhile
            fail("inspect", below);
        }
        if (S_ISDIR(status.st_mode))
            give_below(open_name(directory, name, O_RDONLY | O_DIRECTORY, below).get(), uid, gid,
                       below, depth + 1);
        if ((status.st_uid != uid || status.st_gid != gid) &&
            fchownat(directory, name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
            fail("give", below);
    }
}

}  // namespace

void copy_portable_xattrs(int from, int to, const std::string& path) {
    std::array<char, 65536> buffer;
    const ssize_t length = flistxattr(from, buffer.data(), buffer.size());
    if (length < 0 && errno == ENOTSUP) return;
    if (length < 0) fail("read the attributes of", path);
    const std::string names(buffer.data(), static_cast<size_t>(length));
    for (const std::string_view view : split(names, '\0')) {
        const std::string name(view);
        if (name.empty() || !storage::is_portable_xattr(name)) continue;
        const ssize_t n = fgetxattr(from, name.c_str(), buffer.data(), buffer.size());
        if (n < 0 && (errno == ENODATA || errno == ENOTSUP)) continue;
        if (n < 0) fail("read the attributes of", path);
        std::string value(buffer.data(), static_cast<size_t>(n));
        if (name == "security.capability") value = storage::capability_without_root(value);
        // A file system without them, or not for us: as the extractor of layers has it.
        if (fsetxattr(to, name.c_str(), value.data(), value.size(), 0) < 0 && errno != ENOTSUP &&
            errno != EPERM)
            fail("set the attributes of", path);
    }
}

void copy_tree(const RootDir& from, const RootDir& to, const IdTranslation& translation,
               LayerMarks marks) {
    TreeCopy(to, translation, marks).copy_directory(from.fd(), to.fd(), "", 0);
}

void copy_directory_attributes(int from, int to, const IdTranslation& translation) {
    const RootDir nothing{Fd()};
    TreeCopy(nothing, translation).copy_attributes(from, to, "a volume");
}

void give_tree(const RootDir& directory, uid_t uid, gid_t gid) {
    give_below(directory.fd(), uid, gid, "", 0);
    if (fchown(directory.fd(), uid, gid) < 0) fail("give", "the directory");
}

}  // namespace skiff::engine
