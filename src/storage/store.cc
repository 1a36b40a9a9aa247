// SPDX-License-Identifier: Apache-2.0
#include "storage/store.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::storage {
namespace {

/// Of what this file describes. A change that older readers misread raises both numbers in
/// `format`.
constexpr int format_version = 1;
constexpr const char* format_text = "1 1\n";
constexpr size_t format_limit = 64;

constexpr std::array directories = {"images",
                                    "images/blobs",
                                    "images/blobs/sha256",
                                    "images/packed",
                                    "images/records",
                                    "images/refs",
                                    "layers",
                                    "l",
                                    "containers",
                                    "names",
                                    "volumes",
                                    "networks",
                                    "build",
                                    "leases",
                                    "partial",
                                    "staging",
                                    "trash"};

/// Throws unless `text` is a format that this reader understands.
void check_format(const std::string& text, const std::string& root) {
    const std::string_view line = trim(text);
    const Cut numbers = cut(line, ' ');
    const auto version = parse_number<int>(numbers.before);
    const auto oldest_reader = parse_number<int>(numbers.after);
    // A number of later days may stand alone.
    const bool is_newer = version && *version > format_version && !numbers.found;
    if (!is_newer && (!version || !oldest_reader))
        throw Error(ErrorKind::invalid, "'{}/format' is damaged: {}", root, skiff::quoted(line));
    if (is_newer || *oldest_reader > format_version)
        throw Error(ErrorKind::unsupported,
                    "'{}' was written by a newer skiff (format {}, this one reads {})", root,
                    *version, format_version);
}

/// State that somebody else may replace is no state (security row 25).
void check_owner(int fd, const std::string& root) {
    struct stat status{};
    if (fstat(fd, &status) < 0) throw SystemError(errno, "cannot inspect '{}'", root);
    if (status.st_uid != geteuid())
        throw Error(ErrorKind::denied,
                    "the data directory '{}' belongs to uid {}, not to you (uid {})", root,
                    status.st_uid, geteuid());
    if ((status.st_mode & 022U) != 0)
        throw Error(ErrorKind::denied, "the data directory '{}' is writable by others (mode {:o})",
                    root, status.st_mode & 07777U);
}

void make_directory(int dir, const char* name) {
    if (mkdirat(dir, name, 0700) < 0 && errno != EEXIST)
        throw SystemError(errno, "cannot make the directory '{}' of the store", name);
}

void touch(int dir, const char* name) {
    open_at(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
}

/// Makes what is missing. `format` comes last: a store without it is one that was not finished, or
/// lost it, and is completed.
void complete(int fd) {
    for (const char* name : directories) make_directory(fd, name);
    // Locks exist from the start, so that removing works on a full disk.
    touch(fd, "gc.lock");
    touch(fd, "trash.lock");
    const Fd images = open_at(fd, "images", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    create_file(images.get(), "oci-layout", R"({"imageLayoutVersion":"1.0.0"})", 0600,
                Durability::none);
    create_file(fd, "format", format_text, 0600, Durability::sync);
}

bool is_complete(int fd) {
    return std::ranges::all_of(directories, [&](const char* name) {
        return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    });
}

}  // namespace

std::optional<Store> Store::find(const std::string& root) {
    Fd fd = find_at(AT_FDCWD, root, O_RDONLY | O_DIRECTORY);
    if (!fd.valid()) {
        require_directory_or_nothing(root);
        return std::nullopt;
    }
    const std::optional<std::string> format = find_regular_file(fd.get(), "format", format_limit);
    // The first that is made: without it and without a format this is some other directory, or one
    // in which only a container's files are being made.
    if (!format && faccessat(fd.get(), directories.front(), F_OK, AT_SYMLINK_NOFOLLOW) < 0)
        return std::nullopt;
    if (!format) refuse_foreign_directory(root);
    check_owner(fd.get(), root);
    if (format) check_format(*format, root);
    if (!format || !is_complete(fd.get()))
        with_context([&] { complete(fd.get()); }, "repairing the store '{}'", root);
    return Store(root, std::move(fd));
}

Store Store::open(const std::string& root) {
    if (std::optional<Store> store = find(root)) return *std::move(store);
    refuse_foreign_directory(root);
    make_directories(root, 0700);
    Fd fd = open_file(root, O_RDONLY | O_DIRECTORY);
    check_owner(fd.get(), root);
    with_context([&] { complete(fd.get()); }, "making the store '{}'", root);
    return Store(root, std::move(fd));
}

bool is_store_entry(std::string_view name) {
    // Beside those of `directories`, what the engine keeps there.
    constexpr std::array<std::string_view, 10> others{
        "format",  "gc.lock", "trash.lock", "idmap",   "auto-ids.lock",
        "builtin", "secrets", "wanted",     "seccomp", "mountpoints"};
    const auto is_temporary = [&](std::string_view of) {
        return name.starts_with('.') && name.substr(1).starts_with(of);
    };
    return std::ranges::find(directories, name) != directories.end() ||
           std::ranges::find(others, name) != others.end() || is_temporary("format.") ||
           is_temporary("idmap.");
}

namespace {

/// What may be there beside a store: an empty directory (somebody's run directory to be), and what
/// the top of every ext4 has.
bool is_harmless(int dir, const std::string& name) {
    if (name == "lost+found") return true;
    const Fd entry = find_at(dir, name, O_PATH | O_NOFOLLOW);
    if (!entry.valid()) return true;
    struct stat status{};
    if (fstat(entry.get(), &status) < 0) throw SystemError(errno, "cannot inspect '{}'", name);
    return S_ISDIR(status.st_mode) &&
           list_directory(open_at(dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).get()).empty();
}

}  // namespace

void refuse_foreign_directory(const std::string& root) {
    const Fd fd = find_at(AT_FDCWD, root, O_RDONLY | O_DIRECTORY);
    if (!fd.valid() || faccessat(fd.get(), "format", F_OK, AT_SYMLINK_NOFOLLOW) == 0) return;
    for (const std::string& name : list_directory(fd.get()))
        if (!is_store_entry(name) && !is_harmless(fd.get(), name))
            throw Error(ErrorKind::invalid,
                        "'{}' is no data directory of skiff's, and not empty (it has {}); name "
                        "another one (--root, SKIFF_ROOT)",
                        root, skiff::quoted(name));
}

void refuse_newer_store(const std::string& root) {
    try {
        const auto format = find_regular_file(AT_FDCWD, root + "/format", format_limit);
        if (format) check_format(*format, root);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::unsupported) throw;
    }
}

void require_directory_or_nothing(const std::string& root) {
    struct stat status{};
    if (stat(root.c_str(), &status) == 0) {
        if (S_ISDIR(status.st_mode)) return;
    } else if (errno == ENOENT) {
        return;
    } else if (errno != ENOTDIR) {
        throw SystemError(errno, "cannot look for the data directory '{}'", root);
    }
    throw Error(ErrorKind::invalid,
                "'{}' cannot be the data directory (--root, SKIFF_ROOT): it is not a directory",
                root);
}

bool move_to_trash(const Store& store, const std::string& path) {
    const std::string target = "trash/" + random_hex(8);
    if (renameat2(store.fd(), path.c_str(), store.fd(), target.c_str(), RENAME_NOREPLACE) == 0)
        return true;
    if (errno == ENOENT) return false;
    throw SystemError(errno, "cannot move '{}' to the trash", path);
}

StoreLock Store::lock(LockMode mode) const {
    return {FileLock::wait(fd_.get(), "gc.lock", mode), mode};
}

}  // namespace skiff::storage
