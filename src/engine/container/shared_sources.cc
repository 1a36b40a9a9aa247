// SPDX-License-Identifier: Apache-2.0
#include "engine/container/shared_sources.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr size_t mount_table_limit = 64U << 20U;

bool is_shared(const MountRequest& mount) {
    return mount.type == MountType::bind &&
           (mount.propagation == "shared" || mount.propagation == "rshared");
}

/// The line of /proc/self/mountinfo (proc(5)) of the mount that holds the object.
struct HostMount {
    std::string point;
    bool shared = false;
};

HostMount mount_of(int fd, const std::string& path) {
    struct statx status{};
    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) < 0)
        throw SystemError(errno, "cannot inspect '{}'", path);
    const std::string id = std::to_string(status.stx_mnt_id);
    const std::string table = read_file("/proc/self/mountinfo", mount_table_limit);
    for (const std::string_view line : split(table, '\n')) {
        if (cut(line, ' ').before != id) continue;
        const std::vector<std::string_view> words = split(line, ' ');
        HostMount found;
        for (size_t i = 0; i < words.size() && words[i] != "-"; ++i) {
            if (i == 4) found.point = words[i];
            if (i > 5 && words[i].starts_with("shared:")) found.shared = true;
        }
        return found;
    }
    return {};
}

Fd clone_tree(int fd, bool recursive) {
    return Fd(static_cast<int>(syscall(
        SYS_open_tree, fd, "",
        OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U))));
}

}  // namespace

SharedSources::SharedSources(const ContainerRecord& record) {
    for (const MountRequest& mount : record.mounts) {
        if (!is_shared(mount)) continue;
        if (record.built_in == "host")
            throw Error(ErrorKind::unsupported,
                        "the propagation '{}' of {} is not for the image host, whose containers "
                        "have a user namespace of their own",
                        mount.propagation, mount.target);
        const Fd source = open_bind_source(mount);
        const HostMount host = mount_of(source.get(), mount.source);
        if (!host.shared)
            throw Error(ErrorKind::invalid, "path {} is mounted on {} but it is not a shared mount",
                        mount.source, host.point);
        Fd tree = clone_tree(source.get(), mount.recursive);
        if (!tree.valid()) throw SystemError(errno, "cannot mount '{}'", mount.source);
        trees_[mount.target] = std::move(tree);
    }
}

Fd SharedSources::take(const std::string& target) {
    const auto found = trees_.find(target);
    if (found == trees_.end() || !found->second.valid())
        throw Error(ErrorKind::unsupported,
                    "a shared mount ({}) can be mounted again after a restart from Linux 6.15 on",
                    target);
    Fd copy = clone_tree(found->second.get(), true);
    return copy.valid() ? std::move(copy) : std::move(found->second);
}

Fd open_bind_source(const MountRequest& mount) {
    constexpr int flags = O_PATH | O_CLOEXEC;
    Fd source = find_at(AT_FDCWD, mount.source, flags);
    if (source.valid()) return source;
    if (!mount.create_source)
        throw Error(ErrorKind::invalid,
                    "invalid mount config for type \"bind\": bind source path does not exist: {}",
                    mount.source);
    with_context([&] { make_directories(mount.source, 0755); },
                 "the source of the bind mount '{0}:{1}' does not exist and cannot be made "
                 "(make it yourself, or name a directory that is there)",
                 mount.source, mount.target);
    return open_at(AT_FDCWD, mount.source, flags);
}

}  // namespace skiff::engine
