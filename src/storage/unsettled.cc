// SPDX-License-Identifier: Apache-2.0
#include "storage/unsettled.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <set>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/root_dir.h"
#include "storage/image_records.h"
#include "storage/layers.h"

namespace skiff::storage {
namespace {

constexpr const char* top = "unsettled";
constexpr std::array content_folders = {"images/blobs/sha256", "images/packed"};
constexpr std::array name_folders = {"images/records", "images/refs"};

std::string boot_folder() {
    return fmt::format("{}/{}", top, boot_id());
}

bool exists(const Store& store, const std::string& path) {
    return faccessat(store.fd(), path.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/// A file that was seen before the sync.
struct Seen {
    std::string from;
    std::string to;
    ino_t inode = 0;
    timespec changed{};

    /// It is still that file, not another one that somebody published since.
    bool is_there(const Store& store) const {
        struct stat status{};
        return fstatat(store.fd(), from.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
               status.st_ino == inode && status.st_ctim.tv_sec == changed.tv_sec &&
               status.st_ctim.tv_nsec == changed.tv_nsec;
    }
};

void see(const Store& store, std::string from, std::string to, std::vector<Seen>& seen) {
    struct stat status{};
    if (fstatat(store.fd(), from.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) return;
    seen.push_back({std::move(from), std::move(to), status.st_ino, status.st_ctim});
}

std::vector<std::string> list_folder(const Store& store, const std::string& path) {
    const Fd folder = find_at(store.fd(), path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    return folder.valid() ? list_directory(folder.get()) : std::vector<std::string>{};
}

/// What is unsettled at one moment. A record is published after everything that it names, so what
/// is seen of an image is all of it.
struct Snapshot {
    std::vector<Seen> names;    ///< records and references
    std::vector<Seen> layers;   ///< their meta files
    std::vector<Seen> content;  ///< blobs
};

Snapshot take_snapshot(const Store& store) {
    const StoreLock lock = store.lock(LockMode::shared);
    const std::string place = boot_folder() + "/";
    Snapshot snapshot;
    const auto see_folder = [&](const char* folder, std::vector<Seen>& seen) {
        for (const std::string& name : list_folder(store, place + folder))
            if (!name.starts_with('.'))  // a temporary of a writer
                see(store, fmt::format("{}{}/{}", place, folder, name),
                    fmt::format("{}/{}", folder, name), seen);
    };
    for (const char* folder : name_folders) see_folder(folder, snapshot.names);
    for (const char* folder : content_folders) see_folder(folder, snapshot.content);
    Damages damaged;  // such a record is settled as it is, and reported by whoever wants it
    std::set<oci::Digest> chains;
    for (const ImageRecord& image : list_image_records(store, damaged))
        if (exists(store, fmt::format("{}images/records/{}", place, image.id.hex())))
            for (const LayerRecord& layer : image.layers) chains.insert(layer.chain);
    for (const oci::Digest& chain : chains)
        see(store, unsettled_meta_path(chain), settled_meta_path(chain), snapshot.layers);
    return snapshot;
}

/// Renames what is still there. For readers, who look at the unsettled place first, it is there at
/// every moment.
void give_final_names(const Store& store, const std::vector<Seen>& seen) {
    const StoreLock lock = store.lock(LockMode::exclusive);
    for (const Seen& file : seen) {
        if (!file.is_there(store)) continue;
        const auto move = [&] {
            return renameat(store.fd(), file.from.c_str(), store.fd(), file.to.c_str()) == 0;
        };
        if (!move() && !(errno == EISDIR && move_to_trash(store, file.to) && move()))
            throw SystemError(errno, "cannot give '{}' its final name", file.from);
    }
}

void sync_folders(const Store& store, std::span<const char* const> folders) {
    for (const char* folder : folders) sync_directory(store, folder);
}

void sync_layer_folders(const Store& store, const std::vector<Seen>& metas) {
    for (const Seen& meta : metas) {
        const std::string folder = meta.to.substr(0, meta.to.rfind('/'));
        const Fd directory = find_at(store.fd(), folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (directory.valid()) skiff::sync_directory(directory.get());
    }
}

/// The disk did not take it. Names first; a layer that a container has mounted stays where it is,
/// but counts for nothing.
void discard(const Store& store, const Snapshot& snapshot) {
    const StoreLock lock = store.lock(LockMode::exclusive);
    for (const auto* files : {&snapshot.names, &snapshot.layers, &snapshot.content})
        for (const Seen& file : *files)
            if (file.is_there(store)) unlinkat(store.fd(), file.from.c_str(), 0);
}

/// Empty folders go, the lock with them; what somebody has published since stays.
void remove_empty_folders(const Store& store) {
    const StoreLock lock = store.lock(LockMode::exclusive);
    const std::string boot = boot_folder();
    const auto remove_folder = [&](const std::string& path) {
        return unlinkat(store.fd(), path.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT;
    };
    bool empty = true;
    for (const char* folder : {"images/blobs/sha256", "images/blobs", "images/packed",
                               "images/records", "images/refs", "images"})
        empty = remove_folder(fmt::format("{}/{}", boot, folder)) && empty;
    if (!empty) return;
    unlinkat(store.fd(), (boot + "/lock").c_str(), 0);
    if (remove_folder(boot)) remove_folder(top);
}

void remove_other_boots(const Store& store) {
    const std::string ours = boot_id();
    for (const std::string& name : list_folder(store, top))
        if (name != ours) remove_tree(store.fd(), fmt::format("{}/{}", top, name));
}

/// Nothing when there is nothing to settle any more.
std::optional<FileLock> lock_settling(const Store& store) {
    const std::string path = boot_folder() + "/lock";
    // Not made here: a store that is being deleted must not get new files.
    while (exists(store, path)) {
        FileLock lock = FileLock::wait(store.fd(), path, LockMode::exclusive);
        struct stat status{};
        if (fstat(lock.fd(), &status) == 0 && status.st_nlink > 0) return lock;
    }
    return std::nullopt;
}

}  // namespace

std::vector<std::string> image_places(const Store& store) {
    if (!exists(store, top)) return {""};
    return {boot_folder() + "/", ""};
}

std::string make_unsettled_place(const Store& store, const StoreLock&) {
    const std::string boot = boot_folder();
    open_or_make_directory(store.fd(), top, 0700);
    open_or_make_directory(store.fd(), boot, 0700);
    open_at(store.fd(), boot + "/lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
    for (const char* folder : {"images", "images/blobs", "images/blobs/sha256", "images/packed",
                               "images/records", "images/refs"})
        open_or_make_directory(store.fd(), fmt::format("{}/{}", boot, folder), 0700);
    return boot + "/";
}

bool has_unsettled(const Store& store) {
    return exists(store, top) && exists(store, boot_folder());
}

bool is_settling_abandoned(const Store& store) {
    return has_unsettled(store) && !is_locked(store.fd(), boot_folder() + "/lock");
}

void settle(const Store& store, int sync_fd) {
    if (!exists(store, top)) return;
    const std::optional<FileLock> settling = lock_settling(store);
    if (settling) {
        const Snapshot snapshot = take_snapshot(store);
        if (syncfs(sync_fd) < 0) {
            const int error = errno;
            discard(store, snapshot);
            remove_empty_folders(store);
            throw SystemError(error, "cannot flush the store to disk");
        }
        if (!has_unsettled(store)) return;  // the store is being deleted
        // What names rely on is there for good before them.
        give_final_names(store, snapshot.content);
        give_final_names(store, snapshot.layers);
        sync_folders(store, content_folders);
        sync_layer_folders(store, snapshot.layers);
        give_final_names(store, snapshot.names);
        sync_folders(store, name_folders);
    }
    remove_other_boots(store);
    remove_empty_folders(store);
}

void forget_unsettled(const Store& store) {
    const StoreLock lock = store.lock(LockMode::exclusive);
    move_to_trash(store, top);
}

}  // namespace skiff::storage
