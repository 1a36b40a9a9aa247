// SPDX-License-Identifier: Apache-2.0
// write_layer_tar: a tree as a layer.
#include <algorithm>
#include <cerrno>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "base/error.h"
#include "base/file.h"
#include "base/in_root.h"
#include "base/text.h"
#include "storage/archive/tar_write.h"

namespace skiff::storage {
namespace {

constexpr size_t longest_xattr = 64 * 1024;  // XATTR_SIZE_MAX
constexpr std::string_view whiteout_prefix = ".wh.";

/// What `read` (fgetxattr or flistxattr on a buffer) gives; nothing when absent or not supported.
template <typename Read>
std::optional<std::string> read_growing(const std::string& path, Read read) {
    std::string value(256, '\0');
    for (;;) {
        const ssize_t n = read(value.data(), value.size());
        if (n >= 0) return value.substr(0, static_cast<size_t>(n));
        if (errno == ENODATA || errno == ENOTSUP) return std::nullopt;
        if (errno != ERANGE || value.size() >= longest_xattr)
            throw SystemError(errno, "cannot read the attributes of {}", quoted(path));
        value.resize(longest_xattr);
    }
}

std::optional<std::string> find_xattr(int fd, const char* name, const std::string& path) {
    return read_growing(path,
                        [&](char* data, size_t size) { return fgetxattr(fd, name, data, size); });
}

class LayerTar {
  public:
    LayerTar(const RootDir& tree, ByteSink& sink, const TreeTarOptions& options)
        : tree_(tree), writer_(sink), options_(options) {}

    void write() {
        const int result = in_root::open_beneath(tree_.fd(), ".", O_RDONLY | O_DIRECTORY);
        if (result < 0) throw SystemError(-result, "cannot open a layer");
        const Fd root(result);
        write_directory(root.get(), "./", "");
        writer_.finish();
    }

  private:
    void write_directory(int fd, const std::string& name, const std::string& prefix);
    void write_below(int parent, const std::string& child, const std::string& path);
    void write_object(int parent, const std::string& child, const std::string& path,
                      const struct stat& status);
    void write_empty(const TarEntry& entry) {
        MemorySource nothing;
        writer_.add(entry, nothing);
    }
    void write_mark(const std::string& name) {
        TarEntry entry;
        entry.name = name;
        write_empty(entry);
    }
    TarEntry describe(const std::string& name, const struct stat& status) const;
    TarEntry describe_directory(int fd, const std::string& name) const;
    bool says_nothing(const TarEntry& root) const;
    void read_xattrs(int fd, TarEntry& entry) const;

    const RootDir& tree_;
    TarWriter writer_;
    TreeTarOptions options_;
    std::map<std::pair<dev_t, ino_t>, std::string> linked_;  ///< first names of files with several
};

TarEntry LayerTar::describe(const std::string& name, const struct stat& status) const {
    TarEntry entry;
    entry.name = name;
    entry.mode = status.st_mode & 07777U;
    entry.uid = options_.uid ? options_.uid(status.st_uid) : status.st_uid;
    entry.gid = options_.gid ? options_.gid(status.st_gid) : status.st_gid;
    entry.mtime = {status.st_mtim.tv_sec, 0};
    return entry;
}

void LayerTar::read_xattrs(int fd, TarEntry& entry) const {
    const std::string names = read_growing(entry.name, [&](char* data, size_t size) {
                                  return flistxattr(fd, data, size);
                              }).value_or("");
    for (const std::string_view name : split(names, '\0')) {
        if (!is_portable_xattr(name)) continue;
        const std::string key(name);
        std::optional<std::string> value = find_xattr(fd, key.c_str(), entry.name);
        if (!value) continue;
        if (key == "security.capability") value = capability_without_root(*std::move(value));
        entry.xattrs.push_back({key, *std::move(value)});
    }
    std::sort(entry.xattrs.begin(), entry.xattrs.end(),
              [](const TarXattr& a, const TarXattr& b) { return a.name < b.name; });
    if (!options_.recorded_owners) return;
    const std::string recorded = find_xattr(fd, override_xattr, entry.name).value_or("");
    const std::vector<std::string_view> fields = split(recorded, ':');
    if (fields.size() != 3) return;
    const std::optional<uid_t> uid = parse_number<uid_t>(fields[0]);
    const std::optional<gid_t> gid = parse_number<gid_t>(fields[1]);
    const std::optional<mode_t> mode = parse_number<mode_t>(fields[2], 8);
    if (!uid || !gid || !mode) return;
    entry.uid = *uid;
    entry.gid = *gid;
    entry.mode = *mode & 07777U;
}

TarEntry LayerTar::describe_directory(int fd, const std::string& name) const {
    struct stat status{};
    if (fstat(fd, &status) < 0) throw SystemError(errno, "cannot inspect {}", quoted(name));
    TarEntry entry = describe(name, status);
    entry.type = TarEntryType::directory;
    read_xattrs(fd, entry);
    return entry;
}

bool LayerTar::says_nothing(const TarEntry& root) const {
    TarEntry implied;
    implied.mode = 0755;
    if (options_.below != nullptr) {
        const int result = in_root::open_beneath(options_.below->fd(), ".", O_RDONLY | O_DIRECTORY);
        if (result < 0) throw SystemError(-result, "cannot open a layer");
        implied = describe_directory(Fd(result).get(), root.name);
    }
    const auto same = [](const TarXattr& a, const TarXattr& b) {
        return a.name == b.name && a.value == b.value;
    };
    return root.uid == implied.uid && root.gid == implied.gid && root.mode == implied.mode &&
           std::ranges::equal(root.xattrs, implied.xattrs, same);
}

void LayerTar::write_directory(int fd, const std::string& name, const std::string& prefix) {
    const TarEntry entry = describe_directory(fd, name);
    if (!options_.implied_root || !prefix.empty() || !says_nothing(entry)) write_empty(entry);
    // Before the members, for readers that apply it in passing.
    if (find_xattr(fd, opaque_xattr(options_.overlay_xattrs), name) == opaque_mark)
        write_mark(prefix + ".wh..wh..opq");
    std::vector<std::string> children = list_directory(fd);
    std::sort(children.begin(), children.end());
    for (const std::string& child : children) write_below(fd, child, prefix + child);
}

void LayerTar::write_below(int parent, const std::string& child, const std::string& path) {
    if (options_.without.contains(path)) return;
    if (child.starts_with(whiteout_prefix))
        throw Error(ErrorKind::invalid,
                    "{} cannot be part of a layer: names that begin with .wh. mark deletions there",
                    quoted(path));
    struct stat status{};
    if (fstatat(parent, child.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot inspect {}", quoted(path));
    if (S_ISDIR(status.st_mode)) {
        const int opened =
            in_root::open_beneath(parent, child.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (opened < 0) throw SystemError(-opened, "cannot open {}", quoted(path));
        const Fd directory(opened);
        write_directory(directory.get(), path + "/", path + "/");
        return;
    }
    if (S_ISCHR(status.st_mode) && status.st_rdev == 0) {
        write_mark(path.substr(0, path.size() - child.size()) + std::string(whiteout_prefix) +
                   child);
        return;
    }
    if (S_ISLNK(status.st_mode)) {
        std::optional<std::string> target = find_link(parent, child);
        if (!target) throw Error(ErrorKind::in_use, "{} is no link any more", quoted(path));
        TarEntry entry = describe(path, status);
        entry.type = TarEntryType::symlink;
        entry.mode = 0777;
        entry.link_target = *std::move(target);
        write_empty(entry);
        return;
    }
    write_object(parent, child, path, status);
}

void LayerTar::write_object(int parent, const std::string& child, const std::string& path,
                            const struct stat& status) {
    if (S_ISSOCK(status.st_mode)) return;
    TarEntry entry = describe(path, status);
    if (status.st_nlink > 1) {
        const auto [first, is_first] = linked_.try_emplace({status.st_dev, status.st_ino}, path);
        if (!is_first) {
            entry.type = TarEntryType::hard_link;
            entry.link_target = first->second;
            write_empty(entry);
            return;
        }
    }
    if (!S_ISREG(status.st_mode)) {
        entry.type = S_ISFIFO(status.st_mode)  ? TarEntryType::fifo
                     : S_ISBLK(status.st_mode) ? TarEntryType::block_device
                                               : TarEntryType::character_device;
        if (!S_ISFIFO(status.st_mode)) {
            entry.device_major = major(status.st_rdev);
            entry.device_minor = minor(status.st_rdev);
        }
        write_empty(entry);
        return;
    }
    // It was a regular file a moment ago; should it be a FIFO now, opening must not wait.
    const int result =
        in_root::open_beneath(parent, child.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
    if (result < 0) throw SystemError(-result, "cannot open {}", quoted(path));
    const Fd file(result);
    read_xattrs(file.get(), entry);
    entry.size = static_cast<uint64_t>(status.st_size);
    FdSource content(file.get(), quoted(path));
    writer_.add(entry, content);
}

}  // namespace

void write_layer_tar(const RootDir& tree, ByteSink& sink, const TreeTarOptions& options) {
    LayerTar(tree, sink, options).write();
}

}  // namespace skiff::storage
