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

void remove_below(int parent, const std::string& name, dev_t device) {
    if (unlinkat(parent, name.c_str(), 0) == 0 || errno == ENOENT) return;
    if (errno != EISDIR && errno != EPERM && errno != EACCES)
        throw SystemError(errno, "cannot remove '{}'", name);
    Fd directory(openat(parent, name.c_str(), O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!directory.valid()) throw SystemError(errno, "cannot remove '{}'", name);
    struct stat status{};
    if (fstat(directory.get(), &status) < 0) throw SystemError(errno, "cannot remove '{}'", name);
    // A mount left below would otherwise be emptied: that is somebody's data.
    if (status.st_dev != device)
        throw Error(ErrorKind::in_use, "cannot remove '{}': something is mounted there", name);
    if ((status.st_mode & 0700U) != 0700U && fchmodat(parent, name.c_str(), 0700, 0) < 0)
        throw SystemError(errno, "cannot remove '{}'", name);
    for (const std::string& child : names_in(directory.get()))
        remove_below(directory.get(), child, device);
    if (unlinkat(parent, name.c_str(), AT_REMOVEDIR) < 0 && errno != ENOENT)
        throw SystemError(errno, "cannot remove '{}'", name);
}

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
    // O_NONBLOCK: opening a FIFO must not wait for its writer.
    const std::optional<Fd> fd = find(path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
    if (!fd) return std::nullopt;
    struct stat status{};
    if (fstat(fd->get(), &status) < 0) throw SystemError(errno, "cannot inspect '{}'", path);
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::invalid, "'{}' is not a regular file", path);
    return read_to_end(fd->get(), limit, fmt::format("'{}'", path));
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
    remove_below(parent, name, status.st_dev);
}

}  // namespace skiff
