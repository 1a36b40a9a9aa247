// SPDX-License-Identifier: Apache-2.0
#include "engine/volume/populate.h"

#include <cerrno>
#include <cstdio>
#include <memory>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"

namespace skiff::engine {
namespace {

constexpr const char* filling = ".filling";
constexpr const char* filled = ".filled";
struct CloseDir {
    void operator()(DIR* dir) const { closedir(dir); }
};

constexpr int directory_flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW;

/// But for copies of ours, which lie there when something is mounted in place of _data. Reads one
/// page of the directory, however many entries it has.
bool is_empty(int directory) {
    Fd copy = open_at(directory, ".", O_RDONLY | O_DIRECTORY);
    const std::unique_ptr<DIR, CloseDir> stream(fdopendir(copy.get()));
    if (!stream) throw SystemError(errno, "cannot list a volume");
    copy.release();
    for (;;) {
        const dirent* entry = readdir(stream.get());
        if (entry == nullptr) return true;
        const std::string_view name = entry->d_name;
        if (name != "." && name != ".." && name != filling && name != filled) return false;
    }
}

/// Ends what was begun. An entry that is there already was made by a container meanwhile and stays.
void move_entries(const PopulateRequest& request) {
    const Fd copy = find_at(request.staging, filled, directory_flags);
    if (!copy.valid()) return;
    for (const std::string& name : list_directory(copy.get()))
        if (renameat2(copy.get(), name.c_str(), request.data, name.c_str(), RENAME_NOREPLACE) < 0 &&
            errno != EEXIST && errno != ENOENT)
            throw SystemError(errno, "cannot fill the volume with '{}'", name);
    copy_directory_attributes(copy.get(), request.data);
    if (request.durable) {
        sync_directory(request.data);
        sync_directory(copy.get());
    }
    remove_tree(request.staging, filled);
}

void fill(const PopulateRequest& request, const RootDir& source) {
    if (is_empty(source.fd()))
        return copy_directory_attributes(source.fd(), request.data, request.translation);
    remove_tree(request.staging, filling);
    if (mkdirat(request.staging, filling, 0700) < 0)
        throw SystemError(errno, "cannot make a directory in the volume");
    const RootDir copy(open_at(request.staging, filling, directory_flags));
    copy_tree(source, copy, request.translation);
    // One sync for thousands of files.
    if (request.durable && syncfs(copy.fd()) < 0)
        throw SystemError(errno, "cannot sync the content of the volume");
    if (renameat(request.staging, filling, request.staging, filled) < 0)
        throw SystemError(errno, "cannot fill the volume");
    move_entries(request);
}

std::optional<RootDir> find_source(const PopulateRequest& request) {
    if (request.root == nullptr) return std::nullopt;
    auto directory = request.root->find(request.target, O_PATH);
    if (!directory) return std::nullopt;
    struct stat status{};
    if (fstat(directory->get(), &status) < 0)
        throw SystemError(errno, "cannot inspect '{}'", request.target);
    if (!S_ISDIR(status.st_mode)) return std::nullopt;  // the mount will say so
    return RootDir(RootDir(std::move(*directory)).open(".", O_RDONLY | O_DIRECTORY));
}

}  // namespace

void populate_volume(const PopulateRequest& request) {
    // In this order: the first entry comes after `.filled` is there, and that goes after the last.
    const bool empty = is_empty(request.data);
    const bool begun = faccessat(request.staging, filled, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (!begun && !(empty && request.root != nullptr)) return;
    const auto source = empty ? find_source(request) : std::nullopt;
    if (!begun && !source) return;
    const FileLock lock = FileLock::wait(request.volume, "lock", LockMode::exclusive);
    move_entries(request);
    if (!source || !is_empty(request.data)) return;
    with_context([&] { fill(request, *source); }, "filling a volume from the image's '{}'",
                 request.target);
}

}  // namespace skiff::engine
