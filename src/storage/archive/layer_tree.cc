// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/layer_tree.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/in_root.h"
#include "base/text.h"

namespace skiff::storage {
namespace {

constexpr int directory_flags = O_PATH | O_DIRECTORY;

struct Times {
    timespec values[2];  ///< access, modification
};

Times times_of(const TarTime& time) {
    const timespec value{.tv_sec = time.seconds, .tv_nsec = static_cast<long>(time.nanoseconds)};
    return {{value, value}};
}

bool is_whiteout(const struct stat& status) {
    return S_ISCHR(status.st_mode) && status.st_rdev == 0;
}

struct stat status_of(int directory, const std::string& name, const std::string& path) {
    struct stat status{};
    if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot inspect {}", quoted(path));
    return status;
}

[[noreturn]] void fail_owner(int error, const std::string& path, const TarEntry& entry) {
    if (error == EINVAL)
        throw Error(ErrorKind::denied,
                    "cannot give {} to {}:{}: the user namespace has no such ids (see /etc/subuid "
                    "and /etc/subgid)",
                    quoted(path), entry.uid, entry.gid);
    throw SystemError(error, "cannot give {} to {}:{}", quoted(path), entry.uid, entry.gid);
}

struct SplitPath {
    std::string parent;
    std::string name;
};

SplitPath split_path(const std::string& path) {
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos) return {"", path};
    return {path.substr(0, slash), path.substr(slash + 1)};
}

}  // namespace

LayerTree::LayerTree(const RootDir& root, const ExtractOptions& options)
    : root_(root), options_(options), uid_(geteuid()), gid_(getegid()) {
    struct stat status{};
    if (fstat(root.fd(), &status) < 0)
        throw SystemError(errno, "cannot inspect the target of an archive");
    // Below a set-group-id directory new files get its group. Those of the archive get their mode
    // in finish().
    inherits_group_ = (status.st_mode & S_ISGID) != 0;
}

Fd LayerTree::open_directory(const std::string& path) {
    const int whole =
        in_root::open_beneath(root_.fd(), path.empty() ? "." : path.c_str(), directory_flags);
    if (whole >= 0) return Fd(whole);
    if (path.empty() || (whole != -ENOENT && whole != -ENOTDIR && whole != -ELOOP))
        throw SystemError(-whole, "cannot open {}", quoted(path));
    // Something on the way is missing, or in the way. Mostly that is the last one; else step by
    // step from the root, each step beneath the one before.
    const SplitPath parts = split_path(path);
    const Fd parent(in_root::open_beneath(
        root_.fd(), parts.parent.empty() ? "." : parts.parent.c_str(), directory_flags));
    if (parent.valid()) return enter_or_make(parent.get(), parts.name, path);
    Fd directory = open_directory("");
    for (size_t end = 0, begin = 0; end < path.size(); begin = end + 1) {
        end = std::min(path.find('/', begin), path.size());
        const std::string name = path.substr(begin, end - begin);
        const int next = in_root::open_beneath(directory.get(), name.c_str(), directory_flags);
        if (next >= 0) {
            directory.reset(next);
        } else if (next == -ENOENT || next == -ENOTDIR || next == -ELOOP) {
            directory = enter_or_make(directory.get(), name, path.substr(0, end));
        } else {
            throw SystemError(-next, "cannot open {}", quoted(path));
        }
    }
    return directory;
}

Fd LayerTree::enter_or_make(int parent, const std::string& name, const std::string& path) {
    bool hides_lower = false;
    if (mkdirat(parent, name.c_str(), 0755) < 0) {
        if (errno != EEXIST) throw SystemError(errno, "cannot make the directory {}", quoted(path));
        const struct stat status = status_of(parent, name, path);
        if (!is_whiteout(status))
            throw Error(ErrorKind::invalid,
                        "{} is a {}, but another entry of the archive lies below it", quoted(path),
                        S_ISLNK(status.st_mode) ? "symbolic link" : "file");
        // Deleted from the layers below, and new here: the new one starts empty.
        if (unlinkat(parent, name.c_str(), 0) < 0 || mkdirat(parent, name.c_str(), 0755) < 0)
            throw SystemError(errno, "cannot make the directory {}", quoted(path));
        hides_lower = true;
    }
    const int result = in_root::open_beneath(parent, name.c_str(), O_RDONLY | O_DIRECTORY);
    if (result < 0) throw SystemError(-result, "cannot open {}", quoted(path));
    Fd directory(result);
    if (hides_lower) {
        set_opaque(directory.get(), path);
    } else {
        implied_.insert(path);
    }
    return directory;
}

void LayerTree::adopt_lower_attributes(const std::string& path) {
    for (const RootDir& lower : lowers_) {
        const Fd found(in_root::open_beneath(lower.fd(), path.c_str(), O_PATH | O_NOFOLLOW));
        if (!found.valid()) continue;
        struct stat status{};
        if (fstat(found.get(), &status) < 0)
            throw SystemError(errno, "cannot inspect {} of a lower layer", quoted(path));
        if (!S_ISDIR(status.st_mode)) return;  // hidden from here on
        TarEntry like;
        like.uid = status.st_uid;
        like.gid = status.st_gid;
        if (options_.ownership == Ownership::apply) set_owner(place(path), path, like);
        directories_[path] = {
            status.st_mode & 07777U,
            true,
            {status.st_mtim.tv_sec, static_cast<uint32_t>(status.st_mtim.tv_nsec)}};
        return;
    }
}

/// Forgets what was to be done to the directory `path` and to those below it.
template <typename Paths>
void erase_tree(Paths& paths, const std::string& path) {
    const auto path_of = [](const auto& element) -> const std::string& {
        if constexpr (requires { element.first; })
            return element.first;
        else
            return element;
    };
    paths.erase(path);
    const std::string below = path + "/";
    auto it = paths.lower_bound(below);
    while (it != paths.end() && path_of(*it).starts_with(below)) it = paths.erase(it);
}

LayerTree::Place LayerTree::place(const std::string& path) {
    SplitPath parts = split_path(path);
    if (!parent_.valid() || parts.parent != parent_path_) {
        parent_ = open_directory(parts.parent);
        parent_path_ = std::move(parts.parent);
    }
    return {parent_.get(), std::move(parts.name)};
}

void LayerTree::make_room(const Place& at, const std::string& path) {
    if (unlinkat(at.directory, at.name.c_str(), 0) == 0) return;
    if (errno != EISDIR) throw SystemError(errno, "cannot replace {}", quoted(path));
    // The kept parent stays valid: it is the one that holds `path`, never something below.
    remove_tree(at.directory, at.name);
    erase_tree(directories_, path);
    erase_tree(implied_, path);
}

/// Runs `make` (0, or -1 and errno), after removing what is in its way if need be. Trying first
/// saves a look-up for every member.
template <typename Make>
void LayerTree::replacing(const Place& at, const std::string& path, Make make) {
    if (make() >= 0) return;
    if (errno == EEXIST) {
        make_room(at, path);
        if (make() >= 0) return;
    }
    throw SystemError(errno, "cannot make {}", quoted(path));
}

bool LayerTree::owner_fits(const TarEntry& entry) const {
    return options_.ownership == Ownership::record ||
           (entry.uid == uid_ && entry.gid == gid_ && !inherits_group_);
}

void LayerTree::set_owner(const Place& at, const std::string& path, const TarEntry& entry) {
    if (owner_fits(entry)) return;
    if (fchownat(at.directory, at.name.c_str(), entry.uid, entry.gid, AT_SYMLINK_NOFOLLOW) < 0)
        fail_owner(errno, path, entry);
}

void LayerTree::set_xattr(int fd, const std::string& path, const char* name,
                          std::string_view value) {
    if (fsetxattr(fd, name, value.data(), value.size(), 0) == 0) return;
    // No such attributes on this file system, or not for this process: Docker goes on without them,
    // too.
    if (errno != ENOTSUP && errno != EPERM)
        throw SystemError(errno, "cannot set the attribute {} of {}", quoted(name), quoted(path));
    ++dropped_xattrs_;
}

void LayerTree::set_opaque(int fd, const std::string& path) {
    if (fsetxattr(fd, opaque_xattr(options_.overlay_xattrs), opaque_mark.data(), opaque_mark.size(),
                  0) < 0)
        throw SystemError(errno, "cannot hide what lower layers have in {}", quoted(path));
}

void LayerTree::set_xattrs(int fd, const std::string& path, const TarEntry& entry) {
    for (const TarXattr& xattr : entry.xattrs) {
        if (!is_portable_xattr(xattr.name) || xattr.name.find('\0') != std::string::npos) {
            ++dropped_xattrs_;
        } else if (xattr.name == "security.capability") {
            set_xattr(fd, path, xattr.name.c_str(), capability_without_root(xattr.value));
        } else {
            set_xattr(fd, path, xattr.name.c_str(), xattr.value);
        }
    }
    if (options_.ownership == Ownership::record)
        set_xattr(fd, path, override_xattr,
                  fmt::format("{}:{}:0{:o}", entry.uid, entry.gid, entry.mode));
}

void LayerTree::write_content(int fd, const std::string& path, const TarEntry& entry,
                              TarReader& reader) {
    uint64_t end = 0;
    while (const std::optional<TarReader::Chunk> chunk = reader.next_chunk()) {
        size_t written = 0;
        while (written < chunk->bytes.size()) {
            const ssize_t n =
                pwrite(fd, chunk->bytes.data() + written, chunk->bytes.size() - written,
                       static_cast<off_t>(chunk->offset + written));
            if (n < 0 && errno != EINTR) throw SystemError(errno, "cannot write {}", quoted(path));
            if (n > 0) written += static_cast<size_t>(n);
        }
        end = chunk->offset + written;
        file_bytes_ += written;
    }
    if (end < entry.size && ftruncate(fd, static_cast<off_t>(entry.size)) < 0)
        throw SystemError(errno, "cannot make {} {} bytes long", quoted(path), entry.size);
}

void LayerTree::make_file(const std::string& path, const TarEntry& entry, TarReader& reader) {
    const Place at = place(path);
    Fd file;
    replacing(at, path, [&] {
        file.reset(openat(at.directory, at.name.c_str(),
                          O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
                          entry.mode & 0777U));
        return file.get();
    });
    write_content(file.get(), path, entry, reader);
    if (!owner_fits(entry) && fchown(file.get(), entry.uid, entry.gid) < 0)
        fail_owner(errno, path, entry);
    // After chown(2), which clears the set-id bits, as writing does; it drops file capabilities,
    // too.
    if ((entry.mode & 07000U) != 0 && fchmod(file.get(), entry.mode) < 0)
        throw SystemError(errno, "cannot set the mode of {}", quoted(path));
    set_xattrs(file.get(), path, entry);
    if (futimens(file.get(), times_of(entry.mtime).values) < 0)
        throw SystemError(errno, "cannot set the time of {}", quoted(path));
    file.close();
}

void LayerTree::make_directory(const std::string& path, const TarEntry& entry) {
    // While it is filled it must be writable; finish() sets the rest.
    const mode_t mode = (entry.mode & 0777U) | 0700U;
    bool is_new = false;
    bool hides_lower = false;
    if (!path.empty()) {
        const Place at = place(path);
        is_new = mkdirat(at.directory, at.name.c_str(), mode) == 0;
        if (!is_new) {
            if (errno != EEXIST)
                throw SystemError(errno, "cannot make the directory {}", quoted(path));
            const struct stat status = status_of(at.directory, at.name, path);
            if (!S_ISDIR(status.st_mode)) {
                make_room(at, path);
                hides_lower = is_whiteout(status);
                is_new = true;
                if (mkdirat(at.directory, at.name.c_str(), mode) < 0)
                    throw SystemError(errno, "cannot make the directory {}", quoted(path));
            }
        }
        // One that was made on the way to a member below may belong to somebody else already.
        if (is_new) set_owner(at, path, entry);
    }
    directories_[path] = {entry.mode, !is_new || mode != entry.mode, entry.mtime};
    implied_.erase(path);
    if (is_new && !hides_lower && entry.xattrs.empty() && options_.ownership == Ownership::apply)
        return;
    const int result = in_root::open_beneath(root_.fd(), path.empty() ? "." : path.c_str(),
                                             O_RDONLY | O_DIRECTORY);
    if (result < 0) throw SystemError(-result, "cannot open {}", quoted(path));
    const Fd directory(result);
    if (hides_lower) set_opaque(directory.get(), path);
    if (!is_new && options_.ownership == Ownership::apply &&
        fchown(directory.get(), entry.uid, entry.gid) < 0)
        fail_owner(errno, path, entry);
    set_xattrs(directory.get(), path, entry);
}

void LayerTree::make_symlink(const std::string& path, const TarEntry& entry) {
    const Place at = place(path);
    replacing(at, path,
              [&] { return symlinkat(entry.link_target.c_str(), at.directory, at.name.c_str()); });
    set_owner(at, path, entry);
    if (utimensat(at.directory, at.name.c_str(), times_of(entry.mtime).values,
                  AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot set the time of {}", quoted(path));
}

void LayerTree::make_hard_link(const std::string& path, const std::string& target) {
    const Place at = place(path);
    const SplitPath parts = split_path(target);
    const int result = in_root::open_beneath(
        root_.fd(), parts.parent.empty() ? "." : parts.parent.c_str(), directory_flags);
    if (result < 0)
        throw SystemError(-result, "cannot link {} to {}", quoted(path), quoted(target));
    const Fd target_directory(result);
    const auto attempt = [&] {
        return linkat(target_directory.get(), parts.name.c_str(), at.directory, at.name.c_str(), 0);
    };
    if (attempt() == 0) return;
    if (errno == EEXIST) {
        const struct stat there = status_of(at.directory, at.name, path);
        const struct stat wanted = status_of(target_directory.get(), parts.name, target);
        if (there.st_dev == wanted.st_dev && there.st_ino == wanted.st_ino) return;
        make_room(at, path);
        if (attempt() == 0) return;
    }
    throw SystemError(errno, "cannot link {} to {}", quoted(path), quoted(target));
}

void LayerTree::make_node(const std::string& path, const TarEntry& entry) {
    const Place at = place(path);
    const mode_t type = entry.type == TarEntryType::fifo               ? S_IFIFO
                        : entry.type == TarEntryType::character_device ? S_IFCHR
                                                                       : S_IFBLK;
    const dev_t device =
        entry.type == TarEntryType::fifo ? 0 : makedev(entry.device_major, entry.device_minor);
    bool refused = false;
    replacing(at, path, [&] {
        const int made = mknodat(at.directory, at.name.c_str(), type | entry.mode, device);
        refused = made < 0 && errno == EPERM && type != S_IFIFO;
        return refused ? 0 : made;
    });
    if (refused) {
        ++skipped_devices_;
        return;
    }
    set_owner(at, path, entry);
    if (utimensat(at.directory, at.name.c_str(), times_of(entry.mtime).values,
                  AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot set the time of {}", quoted(path));
}

void LayerTree::make_whiteout(const std::string& path) {
    const Place at = place(path);
    if (mknodat(at.directory, at.name.c_str(), S_IFCHR, 0) == 0) return;
    if (errno != EEXIST) throw SystemError(errno, "cannot hide {} of lower layers", quoted(path));
    // This layer brings its own: a file hides the lower one as it is, a directory must not merge
    // with it.
    if (S_ISDIR(status_of(at.directory, at.name, path).st_mode)) make_opaque(path);
}

void LayerTree::make_opaque(const std::string& path) {
    const Fd directory = open_directory(path);
    // O_PATH descriptors take no attributes.
    const int result = in_root::open_beneath(directory.get(), ".", O_RDONLY | O_DIRECTORY);
    if (result < 0) throw SystemError(-result, "cannot open {}", quoted(path));
    const Fd readable(result);
    set_opaque(readable.get(), path);
}

void LayerTree::finish() {
    // Only now: the layers below are unpacked at the same time, and are waited for.
    if (!implied_.empty() && options_.lowers) lowers_ = options_.lowers();
    for (const std::string& path : implied_) adopt_lower_attributes(path);
    // From the end: what is below comes before what may become unreadable.
    for (auto it = directories_.rbegin(); it != directories_.rend(); ++it) {
        const std::string& path = it->first;
        const FinalDirectory& final = it->second;
        const Times times = times_of(final.mtime);
        if (!path.empty() && !final.set_mode) {
            const Place at = place(path);
            if (utimensat(at.directory, at.name.c_str(), times.values, AT_SYMLINK_NOFOLLOW) < 0)
                throw SystemError(errno, "cannot set the time of {}", quoted(path));
            continue;
        }
        const int result = in_root::open_beneath(root_.fd(), path.empty() ? "." : path.c_str(),
                                                 O_RDONLY | O_DIRECTORY);
        if (result < 0) throw SystemError(-result, "cannot open {}", quoted(path));
        const Fd directory(result);
        if ((final.set_mode && fchmod(directory.get(), final.mode) < 0) ||
            futimens(directory.get(), times.values) < 0)
            throw SystemError(errno, "cannot set mode and time of {}", quoted(path));
    }
}

}  // namespace skiff::storage
