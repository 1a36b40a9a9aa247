// SPDX-License-Identifier: Apache-2.0
#include "engine/build/tree_merge.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <limits>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/file.h"
#include "base/in_root.h"
#include "base/text.h"
#include "engine/container/mount_request.h"
#include "engine/volume/tree_copy.h"
#include "storage/archive/sha256.h"
#include "storage/archive/xattrs.h"

namespace skiff::engine {
namespace {

constexpr size_t buffer_size = 256U << 10U;
constexpr mode_t permissions = 07777;
constexpr int max_links = 40;  // as the kernel's own

[[noreturn]] void fail(const char* act, const std::string& path) {
    throw SystemError(errno, "cannot {} {}", act, quoted(path));
}

/// A hole's bytes count like any others.
void add_zeros(storage::Sha256& sha, off_t count) {
    static constexpr std::array<char, 64U << 10U> zeros{};
    for (; count > 0; count -= static_cast<off_t>(zeros.size()))
        sha.update({zeros.data(), std::min(zeros.size(), static_cast<size_t>(count))});
}

std::string below(const std::string& directory, const std::string& name) {
    return directory == "/" ? "/" + name : directory + "/" + name;
}

}  // namespace

/// Puts a walk of a source into a directory.
class MergeVisitor final : public TreeVisitor {
  public:
    MergeVisitor(TreeMerge& merge, const SourceTree& tree, Fd target, std::string path, bool made)
        : merge_(merge), tree_(tree), base_(std::move(path)) {
        levels_.push_back({std::move(target), made, made});
    }

    void enter(const std::string& path, int source, const struct stat& status) override {
        merge_.digest_.add(path, status, "");
        merge_.digest_.add_xattrs(source, path);
        if (path.empty()) return;
        bool made = false;
        Fd directory = merge_.enter(place(path), status, made);
        levels_.push_back({std::move(directory), true, made});
    }

    void leave(const std::string& path, int directory, const struct stat& status) override {
        const Level& level = levels_.back();
        if (level.takes_attributes)
            merge_.finish_directory(directory, level.directory.get(), status, tree_.owners,
                                    below(base_, path));
        levels_.pop_back();
    }

    void object(const std::string& path, int parent, const std::string& name,
                const struct stat& status) override {
        merge_.copy_object(tree_, {parent, name, path, status}, place(path));
    }

  private:
    struct Level {
        Fd directory;
        bool takes_attributes;
        bool fresh;
    };
    TreeMerge::Place place(const std::string& path) const {
        const size_t slash = path.rfind('/');
        const Level& level = levels_.back();
        return {level.directory.get(), slash == std::string::npos ? path : path.substr(slash + 1),
                below(base_, path), level.fresh};
    }

    TreeMerge& merge_;
    const SourceTree& tree_;
    std::string base_;
    std::vector<Level> levels_;
};

/// Copies to the end. Returns the digest of the bytes.
/// As many bytes as there were when it was looked at, or less should it have become shorter. Holes
/// stay holes.
std::string TreeMerge::copy_bytes(int from, int to, const struct stat& status,
                                  const std::string& path) {
    if (!buffer_) buffer_ = std::make_unique_for_overwrite<char[]>(buffer_size);
    storage::Sha256 sha;
    // Some file systems do not say: then to the end.
    const off_t size = status.st_size == 0 ? std::numeric_limits<off_t>::max() : status.st_size;
    constexpr off_t block = 512;  // the unit of st_blocks, stat(2)
    const bool has_holes = status.st_size > 0 && status.st_blocks * block < size;
    off_t at = 0;
    while (at < size) {
        off_t data_end = size;
        if (has_holes) {
            const off_t begin = lseek(from, at, SEEK_DATA);
            if (begin < 0 && errno != ENXIO) fail("read", path);
            const off_t data = begin < 0 ? size : std::min(begin, size);
            add_zeros(sha, data - at);
            at = data;
            if (at == size) break;
            data_end = std::min(lseek(from, at, SEEK_HOLE), size);
            if (data_end < 0 || lseek(from, at, SEEK_SET) < 0 || lseek(to, at, SEEK_SET) < 0)
                fail("read", path);
        }
        while (at < data_end) {
            const auto wanted = static_cast<size_t>(
                std::min<off_t>(data_end - at, static_cast<off_t>(buffer_size)));
            const ssize_t n = read(from, buffer_.get(), wanted);
            if (n < 0 && errno == EINTR) continue;
            if (n < 0) fail("read", path);
            if (n == 0) return sha.finish_hex();
            const std::string_view bytes(buffer_.get(), static_cast<size_t>(n));
            sha.update(bytes);
            write_all(to, bytes, path);
            at += n;
        }
    }
    if (has_holes && ftruncate(to, size) < 0) fail("write", path);
    return sha.finish_hex();
}

void TreeMerge::make_directory(const std::string& path) {
    open_directory(path);
}

/// Each step is resolved from the root again: a link on the way may lead anywhere in it.
Fd TreeMerge::open_directory(const std::string& path, unsigned links) {
    Fd current = root_.open(".", O_RDONLY | O_DIRECTORY);
    std::string at;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty()) continue;
        at += '/';
        at += part;
        auto next = root_.find(at, O_RDONLY | O_DIRECTORY);
        if (!next) {
            const std::string name(part);
            struct stat status{};
            const bool there =
                fstatat(current.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0;
            if (there && S_ISLNK(status.st_mode) && links > 0) {
                // It leads to what is not there yet: inside of the root it is made, as elsewhere.
                const std::string text = find_link(current.get(), name).value_or("");
                const std::string parent = at.substr(0, at.rfind('/') + 1);
                current = open_directory(clean_path(text.starts_with('/') ? text : parent + text),
                                         links - 1);
                continue;
            }
            if (there)
                throw Error(ErrorKind::invalid,
                            "cannot make the directory {}: it is something else", quoted(at));
            if (mkdirat(current.get(), name.c_str(), 0755) < 0) fail("make the directory", at);
            next = root_.open(at, O_RDONLY | O_DIRECTORY);
            const auto [uid, gid] = options_.owner.value_or(std::pair<uid_t, gid_t>{0, 0});
            give(next->get(), uid, gid, 0755, at);
        }
        current = std::move(*next);
    }
    return current;
}

TreeMerge::Place TreeMerge::owning(Fd directory, std::string name, std::string path) {
    const int number = directory.get();
    return {number, std::move(name), std::move(path), false, std::move(directory)};
}

TreeMerge::Place TreeMerge::place_for(const std::string& name, const std::string& destination,
                                      bool into_directory) {
    const auto status = root_.find_status(destination);
    if (into_directory || (status && S_ISDIR(status->st_mode)))
        return owning(open_directory(destination), name, below(destination, name));
    // A link there, to a file or to nothing yet, is followed: what it names is what is written.
    std::string path = destination;
    for (int links = 0;; ++links) {
        const std::string parent = path.substr(0, path.rfind('/') + 1);
        Place place = owning(open_directory(parent), path.substr(parent.size()), path);
        const auto target = find_link(place.directory, place.name);
        if (!target) return place;
        if (links == max_links)
            throw Error(ErrorKind::invalid, "{} is a link to itself", quoted(destination));
        path = target->starts_with('/') ? *target : parent + *target;
    }
}

void TreeMerge::copy(const SourceTree& tree, const FoundSource& source,
                     const std::string& destination, bool into_directory,
                     const dockerfile::IgnoreRules& excluded) {
    // Another source may replace what an earlier one has put there.
    known_.clear();
    if (S_ISDIR(source.status.st_mode)) {
        const bool there = root_.find_status(destination).has_value();
        MergeVisitor visitor(*this, tree, open_directory(destination), destination, !there);
        return walk_source(tree, source, excluded, visitor);
    }
    if (!excluded.empty() && excluded.excludes(source.name)) return;
    const Place to = place_for(source.name, destination, into_directory);
    if (!S_ISREG(source.status.st_mode))
        throw Error(ErrorKind::unsupported, "{} is neither a file nor a directory",
                    quoted("/" + source.path));
    make_room(to);
    // Its links were followed.
    Fd file = tree.root.open(source.path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    struct stat status{};
    if (fstat(file.get(), &status) < 0) fail("inspect", source.path);
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::invalid, "{} is not a regular file any more", quoted(source.path));
    digest_.add(source.name, status, copy_file(file, status, tree.owners, to));
    digest_.add_xattrs(file.get(), source.path);
}

void TreeMerge::write(const std::string& name, std::string_view content,
                      const std::string& destination, bool into_directory) {
    digest_.add_text(name);
    digest_.add_text(content);
    const Place to = place_for(name, destination, into_directory);
    make_room(to);
    Fd file = create(to, mode_of(0644, false));
    write_all(file.get(), content, to.path);
    const auto [uid, gid] = options_.owner.value_or(std::pair<uid_t, gid_t>{0, 0});
    give(file.get(), uid, gid, mode_of(0644, false), to.path);
    file.close();
}

/// The mode is exact: a worker has no umask. Bits that make it run as its owner come last.
Fd TreeMerge::create(const Place& to, mode_t mode) const {
    Fd file(openat(to.directory, to.name.c_str(),
                   O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode & 0777U));
    if (!file.valid()) fail("make", to.path);
    return file;
}

/// Whatever is in the way of something that is no directory.
void TreeMerge::make_room(const Place& to) const {
    if (to.fresh) return;
    if (unlinkat(to.directory, to.name.c_str(), 0) == 0 || errno == ENOENT) return;
    if (errno == EISDIR || errno == EPERM)
        throw Error(ErrorKind::invalid, "cannot copy to {}: there is a directory", quoted(to.path));
    fail("replace", to.path);
}

Fd TreeMerge::enter(const Place& at, const struct stat& status, bool& made) {
    made = mkdirat(at.directory, at.name.c_str(), 0700) == 0;
    if (!made && errno != EEXIST) fail("make", at.path);
    int fd =
        in_root::open_beneath(at.directory, at.name.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (fd == -ENOTDIR || fd == -ELOOP) {
        if (!options_.replace)
            throw Error(ErrorKind::invalid, "cannot copy to non-directory: {}", quoted(at.path));
        make_room(at);
        return enter(at, status, made);
    }
    if (fd < 0) throw SystemError(-fd, "cannot open {}", quoted(at.path));
    return Fd(fd);
}

mode_t TreeMerge::mode_of(mode_t mode, bool directory) const {
    return options_.mode ? options_.mode->apply(mode, directory) : mode;
}

std::pair<uid_t, gid_t> TreeMerge::owner_of(const struct stat& status, bool owners) const {
    if (options_.owner) return *options_.owner;
    if (owners) return {status.st_uid, status.st_gid};
    return {0, 0};
}

void TreeMerge::refuse_id(int error, uid_t uid, gid_t gid, const std::string& path) const {
    if (error == EINVAL)
        throw Error(ErrorKind::invalid,
                    "{} cannot belong to {}:{}: the ids that you have end before it (see "
                    "subuid(5))",
                    quoted(path), uid, gid);
    throw SystemError(error, "cannot give {} to {}:{}", quoted(path), uid, gid);
}

/// Owner first: chown(2) clears the set-id bits.
void TreeMerge::give(int fd, uid_t uid, gid_t gid, mode_t mode, const std::string& path) const {
    struct stat now{};
    if (fstat(fd, &now) < 0) fail("inspect", path);
    if (options_.record_owners) {
        if (uid != 0 || gid != 0) {
            const std::string text = fmt::format("{}:{}:{:o}", uid, gid, mode);
            if (fsetxattr(fd, storage::override_xattr, text.data(), text.size(), 0) < 0)
                fail("record the owner of", path);
        }
    } else if (now.st_uid != uid || now.st_gid != gid) {
        if (fchown(fd, uid, gid) < 0) refuse_id(errno, uid, gid, path);
        now.st_mode &= 0777U;
    }
    if ((now.st_mode & permissions) != (mode & permissions) && fchmod(fd, mode & permissions) < 0)
        fail("set the mode of", path);
}

void TreeMerge::finish_directory(int source, int target, const struct stat& status, bool owners,
                                 const std::string& path) const {
    const auto [uid, gid] = owner_of(status, owners);
    give(target, uid, gid, mode_of(status.st_mode & permissions, true), path);
    if (owners) copy_portable_xattrs(source, target, path);
    const timespec times[2] = {status.st_atim, status.st_mtim};
    if (futimens(target, times) < 0) fail("set the times of", path);
}

void TreeMerge::copy_object(const SourceTree& tree, const Object& from, const Place& to) {
    const struct stat& status = from.status;
    if (S_ISSOCK(status.st_mode)) return;
    if (options_.no_devices && (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode))) return;
    make_room(to);
    if (status.st_nlink > 1 && link_known(from, to)) return;
    std::string content;
    Fd file;
    if (S_ISREG(status.st_mode)) {
        file = open_source_file(from.parent, from.name, to.path);
        content = copy_file(file, status, tree.owners, to);
    } else if (S_ISLNK(status.st_mode)) {
        content = find_link(from.parent, from.name).value_or("");
        if (symlinkat(content.c_str(), to.directory, to.name.c_str()) < 0)
            fail("make the link", to.path);
        give_named(to, status, tree.owners);
    } else if (mknodat(to.directory, to.name.c_str(), status.st_mode, status.st_rdev) == 0) {
        give_named(to, status, tree.owners);
    } else if (errno != EPERM) {  // a device, which a user namespace may not make
        fail("make", to.path);
    }
    digest_.add(from.path, status, content);
    if (file.valid()) digest_.add_xattrs(file.get(), from.path);
    if (status.st_nlink > 1)
        known_.emplace(std::pair(status.st_dev, status.st_ino), Known{to.path, content});
}

void TreeMerge::give_named(const Place& at, const struct stat& status, bool owners) const {
    const auto [uid, gid] = owner_of(status, owners);
    if (!options_.record_owners && (uid != 0 || gid != 0) &&
        fchownat(at.directory, at.name.c_str(), uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        refuse_id(errno, uid, gid, at.path);
    const timespec times[2] = {status.st_atim, status.st_mtim};
    if (utimensat(at.directory, at.name.c_str(), times, AT_SYMLINK_NOFOLLOW) < 0)
        fail("set the times of", at.path);
}

std::string TreeMerge::copy_file(const Fd& source, const struct stat& status, bool owners,
                                 const Place& to) {
    const mode_t mode = mode_of(status.st_mode & permissions, false);
    Fd target = create(to, mode);
    std::string digest = copy_bytes(source.get(), target.get(), status, to.path);
    const auto [uid, gid] = owner_of(status, owners);
    give(target.get(), uid, gid, mode, to.path);
    if (owners) copy_portable_xattrs(source.get(), target.get(), to.path);
    const timespec times[2] = {status.st_atim, status.st_mtim};
    if (futimens(target.get(), times) < 0) fail("set the times of", to.path);
    target.close();
    return digest;
}

bool TreeMerge::link_known(const Object& from, const Place& to) {
    const auto known = known_.find({from.status.st_dev, from.status.st_ino});
    if (known == known_.end()) return false;
    const std::string& path = known->second.path;
    const size_t slash = path.rfind('/');
    const Fd parent = root_.open(path.substr(0, slash + 1), O_PATH | O_DIRECTORY);
    if (linkat(parent.get(), path.c_str() + slash + 1, to.directory, to.name.c_str(), 0) < 0)
        fail("link", to.path);
    digest_.add(from.path, from.status, known->second.content);
    if (S_ISREG(from.status.st_mode))
        digest_.add_xattrs(open_source_file(from.parent, from.name, to.path).get(), from.path);
    return true;
}

}  // namespace skiff::engine
