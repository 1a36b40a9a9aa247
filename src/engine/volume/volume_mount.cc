// SPDX-License-Identifier: Apache-2.0
#include "engine/volume/volume_mount.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/plan/mount_options.h"
#include "runtime/rootfs/detached_mount.h"

namespace skiff::engine {
namespace {

std::string option(const VolumeRecord& volume, const char* name) {
    const auto found = volume.options.find(name);
    return found == volume.options.end() ? "" : found->second;
}

/// Looked at and mounted by one descriptor, whatever its path leads to later.
MountedVolume bind_device(const std::string& device, const runtime::MountOptions& options) {
    const Fd source = open_at(AT_FDCWD, device, O_PATH);
    MountedVolume mounted;
    mounted.host_path =
        find_link(AT_FDCWD, fmt::format("/proc/self/fd/{}", source.get())).value_or("");
    const unsigned recursive = options.recursive ? AT_RECURSIVE : 0U;
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive;
    mounted.tree.reset(static_cast<int>(syscall(SYS_open_tree, source.get(), "", flags)));
    if (!mounted.tree.valid()) throw SystemError(errno, "cannot mount '{}'", device);
    mount_attr attributes{};
    attributes.attr_set = options.attributes | options.top_attributes;
    if (attributes.attr_set != 0 &&
        syscall(SYS_mount_setattr, mounted.tree.get(), "", AT_EMPTY_PATH | recursive, &attributes,
                sizeof attributes) < 0)
        throw SystemError(errno, "cannot set the options of the mount of '{}'", device);
    return mounted;
}

MountedVolume mount_device(const Engine& engine, const VolumeRecord& volume) {
    std::vector<std::string> words;
    const std::string all_words = option(volume, "o");
    for (const std::string_view word : split(all_words, ','))
        if (!word.empty()) words.emplace_back(word);
    const runtime::MountOptions options = runtime::parse_mount_options(words);
    const std::string device = option(volume, "device");
    const std::string type = option(volume, "type");
    if (options.bind) return bind_device(device, options);
    return {runtime::mount_detached({.type = type,
                                     .device = device,
                                     .flags = options.flags,
                                     .data = options.data,
                                     .place = volume_data_path(engine, volume.name)}),
            {}};
}

}  // namespace

MountedVolume mount_volume(const Engine& engine, const VolumeRecord& volume,
                           bool in_user_namespace) {
    try {
        return with_context([&] { return mount_device(engine, volume); },
                            "error while mounting volume {}", volume.name);
    } catch (SystemError& error) {
        if (error.errno_value() != EPERM || !in_user_namespace) throw;
        throw Error(ErrorKind::denied, "{} (a user may mount tmpfs and directories (o=bind) only)",
                    error.message());
    }
}

}  // namespace skiff::engine
