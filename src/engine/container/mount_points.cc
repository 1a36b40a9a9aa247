// SPDX-License-Identifier: Apache-2.0
#include "engine/container/mount_points.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr const char* name = "mountpoints";
constexpr const char* last_made = "mountpoints/etc/resolv.conf";

void make(int layer) {
    for (const char* directory : {"dev", "proc", "sys", "etc"}) {
        const Fd made = open_or_make_directory(layer, directory, 0755);
        if (fchmod(made.get(), 0755) < 0)
            throw SystemError(errno, "cannot make the mount point /{}", directory);
    }
    for (const char* file : {"etc/hostname", "etc/hosts", "etc/resolv.conf"}) {
        const Fd made = open_at(layer, file, O_WRONLY | O_CREAT | O_NOFOLLOW, 0644);
        if (fchmod(made.get(), 0644) < 0)
            throw SystemError(errno, "cannot make the mount point /{}", file);
    }
}

}  // namespace

bool hides_mount_points(const ContainerRecord& record) {
    constexpr std::array directories{"/dev", "/proc", "/sys", "/etc"};
    return !record.request.no_hosts && !record.request.no_hostname &&
           std::ranges::none_of(record.mounts, [&](const MountRequest& mount) {
               return std::ranges::count(directories, mount.target) != 0;
           });
}

std::string mount_points_layer(const Engine& engine) {
    const Fd root = open_file(engine.root(), O_RDONLY | O_DIRECTORY);
    if (!find_at(root.get(), last_made, O_PATH | O_NOFOLLOW).valid()) {
        // Several may do this at once; all make the same, and nobody takes anything away.
        const Fd layer = open_or_make_directory(root.get(), name, 0755);
        make(layer.get());
    }
    return fmt::format("../{}", name);
}

}  // namespace skiff::engine
