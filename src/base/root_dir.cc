// SPDX-License-Identifier: Apache-2.0
#include "base/root_dir.h"

#include <cerrno>
#include <memory>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/in_root.h"
#include "base/text.h"

namespace skiff {
namespace {

Fd owned(int result, std::string_view path) {
    if (result < 0)
        throw SystemError(-result, "cannot open '{}' inside the root file system", path);
    return Fd(result);
}

struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
};

std::vector<std::string> names_in(int directory) {
    Fd copy(openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!copy.valid()) throw SystemError(errno, "cannot list a directory");
    std::unique_ptr<DIR, CloseDir> dir(fdopendir(copy.get()));
    if (!dir) throw SystemError(errno, "cannot list a directory");
    copy.release();
    std::vector<std::string> names;
    while (const dirent* entry = readdir(dir.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    return names;
}

/// One removal: what stays the same at all depths.
class TreeRemoval {
  public:
    TreeRemoval(int parent, dev_t device) : parent_(parent), device_(device) {}

    void remove(const std::string& name) {
        remove_below(parent_, name, 0);
        // What lay too deep was moved up meanwhile, one chain of directories at a time.
        // A chain may leave another one behind, so the list grows while it is walked.
        for (size_t i = 0; i < moved_.size(); ++i) {
            const std::string chain = moved_[i];
            remove_below(parent_, chain, 0);
        }
    }

  private:
    /// A tree may be deeper than a process has descriptors, or its stack frames: a container that
    /// makes such a one must not be able to keep it.
    static constexpr unsigned max_depth = 100;

    void remove_below(int directory, const std::string& name, unsigned depth) {
        if (unlinkat(directory, name.c_str(), 0) == 0 || errno == ENOENT) return;
        if (errno != EISDIR && errno != EPERM && errno != EACCES)
            throw SystemError(errno, "cannot remove '{}'", name);
        if (depth == max_depth) return move_up(directory, name);
        const Fd child = open_for_removal(directory, name);
        if (!child.valid()) return;  // somebody else removes the same tree and was faster
        for (const std::string& below : names_in(child.get()))
            remove_below(child.get(), below, depth + 1);
        if (unlinkat(directory, name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
            throw SystemError(errno, "cannot remove '{}'", name);
    }

    Fd open_for_removal(int directory, const std::string& name) {
        Fd child(openat(directory, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
        if (!child.valid() && errno == ENOENT) return child;
        if (!child.valid()) throw SystemError(errno, "cannot remove '{}'", name);
        struct stat status{};
        if (fstat(child.get(), &status) < 0) throw SystemError(errno, "cannot remove '{}'", name);
        // A mount left below would otherwise be emptied: that is somebody's data.
        if (status.st_dev != device_)
            throw Error(ErrorKind::in_use, "cannot remove '{}': something is mounted there", name);
        // By the descriptor: the name may be a link to somewhere else by now.
        const std::string path = fmt::format("/proc/self/fd/{}", child.get());
        if ((status.st_mode & 0700U) != 0700U && chmod(path.c_str(), 0700) < 0)
            throw SystemError(errno, "cannot remove '{}'", name);
        return child;
    }

    void move_up(int directory, const std::string& name) {
        open_for_removal(directory, name);  // writable, or its ".." cannot be changed; no mount
        std::string target = ".removing-" + random_hex(8);
        if (renameat(directory, name.c_str(), parent_, target.c_str()) < 0 && errno != ENOENT)
            throw SystemError(errno, "cannot remove '{}'", name);
        moved_.push_back(std::move(target));
    }

    int parent_;
    dev_t device_;
    std::vector<std::string> moved_;
};

}  // namespace

Fd RootDir::open(const std::string& path, int flags, mode_t mode) const {
    return owned(in_root::open(fd_.get(), path.c_str(), flags, mode), path);
}

std::optional<Fd> RootDir::find(const std::string& path, int flags) const {
    const int result = in_root::open(fd_.get(), path.c_str(), flags);
    if (result == -ENOENT || result == -ENOTDIR) return std::nullopt;
    return owned(result, path);
}

std::optional<struct stat> RootDir::find_status(const std::string& path) const {
    const std::optional<Fd> fd = find(path, O_PATH);
    if (!fd) return std::nullopt;
    struct stat status{};
    if (fstat(fd->get(), &status) < 0) throw SystemError(errno, "cannot inspect '{}'", path);
    return status;
}

std::optional<std::string> RootDir::find_file(const std::string& path, size_t limit) const {
    // Looked at before it is opened: to open a device's node does something (a watchdog starts), and
    // a FIFO waits for its writer.
    const std::optional<Fd> found = find(path, O_PATH);
    if (!found) return std::nullopt;
    struct stat status{};
    if (fstat(found->get(), &status) < 0) throw SystemError(errno, "cannot inspect '{}'", path);
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::invalid, "'{}' is not a regular file", path);
    const Fd file = with_context(
        [&] { return open_file(fmt::format("/proc/self/fd/{}", found->get()), O_RDONLY); }, "'{}'",
        path);
    return read_to_end(file.get(), limit, fmt::format("'{}'", path));
}

RootDir RootDir::make_directories(const std::string& path) const {
    return RootDir(
        owned(in_root::open_target(fd_.get(), path.c_str(), in_root::Target::directory), path));
}

RootDir::Parent RootDir::open_parent_beneath(std::string_view path, bool create) const {
    std::vector<std::string> parts;
    for (const std::string_view part : split(path, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..")
            throw Error(ErrorKind::invalid, "the path {} leaves its root", quoted(path));
        parts.emplace_back(part);
    }
    if (parts.empty())
        throw Error(ErrorKind::invalid, "the path {} names the root itself", quoted(path));
    const std::string name = parts.back();
    parts.pop_back();
    if (parts.empty())
        return {owned(in_root::open_beneath(fd_.get(), ".", O_PATH | O_DIRECTORY), path), name};

    const std::string parent = join(parts, "/");
    const int whole = in_root::open_beneath(fd_.get(), parent.c_str(), O_PATH | O_DIRECTORY);
    if (whole != -ENOENT || !create) return {owned(whole, path), name};
    Fd directory = owned(in_root::open_beneath(fd_.get(), ".", O_PATH | O_DIRECTORY), path);
    for (const std::string& part : parts) {
        if (mkdirat(directory.get(), part.c_str(), 0755) < 0 && errno != EEXIST)
            throw SystemError(errno, "cannot make the directory '{}' of '{}'", part, path);
        directory =
            owned(in_root::open_beneath(directory.get(), part.c_str(), O_PATH | O_DIRECTORY), path);
    }
    return {std::move(directory), name};
}

Fd RootDir::open_beneath(const std::string& path, int flags, mode_t mode) const {
    return owned(in_root::open_beneath(fd_.get(), path.c_str(), flags, mode), path);
}

void remove_tree(int parent, const std::string& name) {
    struct stat status{};
    if (fstatat(parent, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT) return;
        throw SystemError(errno, "cannot remove '{}'", name);
    }
    const size_t slash = name.find_last_of('/');
    if (slash == std::string::npos) return TreeRemoval(parent, status.st_dev).remove(name);
    const Fd directory = open_at(parent, name.substr(0, slash + 1), O_RDONLY | O_DIRECTORY);
    TreeRemoval(directory.get(), status.st_dev).remove(name.substr(slash + 1));
}

}  // namespace skiff
