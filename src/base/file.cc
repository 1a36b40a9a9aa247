// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/root_dir.h"
#include "base/text.h"

namespace skiff {
namespace {

struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
};

/// A temporary in `dir`, written and given its mode; `name` is chosen here and returned.
std::string write_temporary(int dir, const std::string& for_name, std::string_view content,
                            mode_t mode, Durability durability) {
    // Hidden, beside its target, which may be a path below `dir`.
    const size_t base = for_name.find_last_of('/') + 1;
    std::string name =
        fmt::format("{}.{}.{}", for_name.substr(0, base), for_name.substr(base), random_hex(6));
    Fd fd;
    try {
        fd = open_at(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    } catch (const SystemError& error) {
        // Nobody has heard of the temporary's name.
        throw SystemError(error.errno_value(), "cannot write '{}'", for_name);
    }
    ScopeExit unlink_partial([&] { unlinkat(dir, name.c_str(), 0); });
    write_all(fd.get(), content, fmt::format("'{}'", for_name));
    if (fchmod(fd.get(), mode) < 0)
        throw SystemError(errno, "cannot set the mode of '{}'", for_name);
    if (durability == Durability::sync && fsync(fd.get()) < 0)
        throw SystemError(errno, "cannot sync '{}'", for_name);
    fd.close();
    unlink_partial.release();
    return name;
}

/// The directory that holds `name`, which may be a path below `dir`.
void sync_parent(int dir, const std::string& name) {
    const size_t slash = name.find_last_of('/');
    if (slash == std::string::npos) return sync_directory(dir);
    sync_directory(open_at(dir, name.substr(0, slash), O_RDONLY | O_DIRECTORY).get());
}

}  // namespace

std::optional<std::string> find_file(int dir, const std::string& name, size_t limit) {
    const Fd fd = find_at(dir, name, O_RDONLY | O_NOCTTY);
    if (!fd.valid()) return std::nullopt;
    return read_to_end(fd.get(), limit, fmt::format("'{}'", name));
}

std::optional<std::string> find_regular_file(int dir, const std::string& name, size_t limit) {
    struct stat status{};
    // Looked at by name first: a device must not even be opened, and a link has no descriptor.
    if (fstatat(dir, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) {
        if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
        throw SystemError(errno, "cannot inspect '{}'", name);
    }
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::invalid, "'{}' is a {}, not a file", name,
                    S_ISDIR(status.st_mode)   ? "directory"
                    : S_ISLNK(status.st_mode) ? "symbolic link"
                                              : "special file");
    const Fd fd = find_at(dir, name, O_RDONLY | O_NOCTTY | O_NOFOLLOW | O_NONBLOCK);
    if (!fd.valid()) return std::nullopt;
    return read_to_end(fd.get(), limit, fmt::format("'{}'", name));
}

std::string read_file(const std::string& path, size_t limit) {
    const Fd fd = open_file(path, O_RDONLY | O_NOCTTY);
    return read_to_end(fd.get(), limit, fmt::format("'{}'", path));
}

void replace_file(int dir, const std::string& name, std::string_view content, mode_t mode,
                  Durability durability) {
    const std::string temporary = write_temporary(dir, name, content, mode, durability);
    if (renameat(dir, temporary.c_str(), dir, name.c_str()) < 0) {
        const int saved = errno;
        unlinkat(dir, temporary.c_str(), 0);
        throw SystemError(saved, "cannot replace '{}'", name);
    }
    if (durability == Durability::sync) sync_parent(dir, name);
}

bool create_file(int dir, const std::string& name, std::string_view content, mode_t mode,
                 Durability durability) {
    const std::string temporary = write_temporary(dir, name, content, mode, durability);
    const ScopeExit unlink_temporary([&] { unlinkat(dir, temporary.c_str(), 0); });
    if (linkat(dir, temporary.c_str(), dir, name.c_str(), 0) < 0) {
        if (errno == EEXIST) return false;
        throw SystemError(errno, "cannot create '{}'", name);
    }
    if (durability == Durability::sync) sync_parent(dir, name);
    return true;
}

void make_directories(const std::string& path, mode_t mode) {
    if (mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return;
    if (errno != ENOENT) throw SystemError(errno, "cannot make the directory '{}'", path);
    const size_t slash = path.find_last_of('/');
    if (slash == std::string::npos || slash == 0)
        throw SystemError(ENOENT, "cannot make the directory '{}'", path);
    make_directories(path.substr(0, slash), mode);
    if (mkdir(path.c_str(), mode) < 0 && errno != EEXIST)
        throw SystemError(errno, "cannot make the directory '{}'", path);
}

Fd open_or_make_directory(int dir, const std::string& name, mode_t mode) {
    constexpr int flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;
    Fd fd = find_at(dir, name, flags);
    if (fd.valid()) return fd;
    if (mkdirat(dir, name.c_str(), mode) < 0 && errno != EEXIST)
        throw SystemError(errno, "cannot make the directory '{}'", name);
    return open_at(dir, name, flags);
}

std::vector<std::string> list_directory(int dir) {
    Fd copy = open_at(dir, ".", O_RDONLY | O_DIRECTORY);
    std::unique_ptr<DIR, CloseDir> stream(fdopendir(copy.get()));
    if (!stream) throw SystemError(errno, "cannot list a directory");
    copy.release();
    std::vector<std::string> names;
    while (const dirent* entry = readdir(stream.get())) {
        const std::string_view name = entry->d_name;
        if (name != "." && name != "..") names.emplace_back(name);
    }
    return names;
}

void sync_directory(int dir) {
    // An O_PATH descriptor cannot be synced, so open it anew.
    const Fd fd = open_at(dir, ".", O_RDONLY | O_DIRECTORY);
    if (fsync(fd.get()) < 0) throw SystemError(errno, "cannot sync a directory");
}

std::optional<std::string> find_link(int dir, const std::string& name) {
    std::array<char, PATH_MAX> text;
    const ssize_t n = readlinkat(dir, name.c_str(), text.data(), text.size());
    if (n >= 0) return std::string(text.data(), static_cast<size_t>(n));
    if (errno == ENOENT || errno == EINVAL || errno == ENOTDIR) return std::nullopt;
    throw SystemError(errno, "cannot read the link '{}'", name);
}

TempDir::TempDir() {
    const char* parent = std::getenv("TMPDIR");
    path_ = fmt::format("{}/skiff-XXXXXX", parent != nullptr && *parent == '/' ? parent : "/tmp");
    if (mkdtemp(path_.data()) == nullptr)
        throw SystemError(errno, "cannot make a temporary directory");
}

TempDir::~TempDir() {
    try {
        remove_tree(AT_FDCWD, path_);
    } catch (const Error&) {
        // Nothing to do about it in a destructor; what stays is in a temporary folder.
    }
}

}  // namespace skiff
