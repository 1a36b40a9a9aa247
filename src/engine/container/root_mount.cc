// SPDX-License-Identifier: Apache-2.0
#include "engine/container/root_mount.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "engine/builtin/built_in_image.h"
#include "engine/container/id_layout.h"
#include "engine/container/layer_links.h"
#include "engine/container/mapped_layers.h"
#include "engine/container/mount_points.h"
#include "engine/container/nested_maps.h"
#include "engine/container/storage_limit.h"
#include "engine/image/inherit_root.h"
#include "runtime/rootfs/overlay.h"
#include "runtime/userns/user_namespace.h"

namespace skiff::engine {
namespace {

/// False: it was there.
bool make_directory(int dir, const char* name, mode_t mode) {
    if (mkdirat(dir, name, mode) == 0) return true;
    if (errno != EEXIST)
        throw SystemError(errno, "cannot make the container's directory '{}'", name);
    return false;
}

/// overlay leaves a mark in work/ of a volatile mount that forbids the next one; such a container
/// never starts twice, but a launch may have failed after the mount.
void renew_work_directory(const ContainerFiles& files) {
    remove_tree(files.directory(), "work");
    make_directory(files.directory(), "work", 0700);
}

/// --rootfs without :O: the directory itself, which its owner chose to have written.
Fd clone_rootfs(const ContainerRecord& record) {
    Fd tree = runtime::clone_directory(record.rootfs);
    if (record.request.security.privileged) return tree;
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_NODEV;
    if (syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                sizeof attributes) < 0)
        throw SystemError(errno, "cannot set the options of the mount of '{}'", record.rootfs);
    return tree;
}

}  // namespace

RootMount mount_root(const Engine& engine, const ContainerFiles& files,
                     const ContainerRecord& record, const RootRequest& asked) {
    RootMount root;
    if (!record.rootfs.empty() && !record.rootfs_overlay) {
        if (!record.request.storage.options.empty())
            root.unenforced.emplace_back(
                "--storage-opt has no effect: --rootfs without :O has no layer of its own");
        root.tree = clone_rootfs(record);
        return root;
    }
    const bool is_first_start = make_directory(files.directory(), "upper", 0755);
    renew_work_directory(files);
    StorageLimit limit(files, record.request.storage, asked.in_user_namespace);
    runtime::OverlayRequest request;
    // Without an image there may be no folder of layers.
    request.base_directory = engine.root() + (record.rootfs.empty() ? "/l" : "/containers");
    const Owner owner = root_owner(asked.nested);
    Fd rootfs;
    Fd id_map;
    if (!record.rootfs.empty()) {
        rootfs = open_file(record.rootfs, O_RDONLY | O_DIRECTORY);
        if (is_first_start) inherit_root(rootfs.get(), files.directory(), "upper");
        request.lower = {fmt::format("/proc/self/fd/{}", rootfs.get())};
    } else if (record.built_in.empty()) {
        const bool mapped = wants_mapped_layers(asked.in_user_namespace, record);
        request.lower =
            layer_links(engine, mapped ? mapped_layers(record.layers, record) : record.layers,
                        record.image_name);
        if (record.id_maps && !asked.in_user_namespace && !record.layers.empty()) {
            id_map = runtime::make_user_namespace(*record.id_maps);
            request.id_map = id_map.get();
        }
        if (request.lower.empty()) {  // a build FROM scratch
            make_directory(files.directory(), "empty", 0755);
            request.lower = {fmt::format("../containers/{}/empty", record.id)};
        } else if (is_first_start) {
            const Fd top = open_at(AT_FDCWD, request.base_directory + "/" + request.lower.front(),
                                   O_RDONLY | O_DIRECTORY);
            inherit_root(top.get(), files.directory(), "upper");
        }
        // It belongs to root as the store counts.
        if (!asked.nested && hides_mount_points(record))
            request.spare_lower = mount_points_layer(engine);
    } else {
        BuiltInLayer layer = built_in_layer(engine, record.built_in, owner.uid);
        request.lower = {"../builtin/" + layer.name};
        root.built_in_lock = std::move(layer.lock);
    }
    if (asked.nested &&
        fchownat(files.directory(), "upper", owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot give the writable layer to the container's root");
    request.upper = fmt::format("../containers/{}/upper", record.id);
    request.work = fmt::format("../containers/{}/work", record.id);
    request.user_xattr = asked.in_user_namespace;
    request.is_volatile = record.request.auto_remove;
    // The only other one who may make and open nodes has a group that says which.
    request.no_devices = !record.request.security.privileged && !asked.opens_devices;
    root.tree = runtime::mount_overlay(request);
    if (auto less = limit.enforce()) root.unenforced.push_back(*std::move(less));
    return root;
}

}  // namespace skiff::engine
