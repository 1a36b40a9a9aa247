// SPDX-License-Identifier: Apache-2.0
#include "engine/container/mount_sources.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/container/layer_links.h"
#include "engine/container/mapped_layers.h"
#include "engine/volume/populate.h"
#include "engine/volume/tree_copy.h"
#include "engine/volume/volume_mount.h"
#include "engine/volume/volume_store.h"
#include "runtime/rootfs/overlay.h"
#include "runtime/userns/user_namespace.h"

namespace skiff::engine {
namespace {

constexpr const char* scratch_name = "mounts";

std::string real_path(const std::string& path) {
    const std::unique_ptr<char, decltype(&std::free)> real(realpath(path.c_str(), nullptr),
                                                           &std::free);
    return real ? real.get() : path;
}

std::string path_of(int fd) {
    return find_link(AT_FDCWD, fmt::format("/proc/self/fd/{}", fd)).value_or("");
}

/// Below, not the directory itself or above it: those are covered.
void refuse_run_directory(const Engine& engine, const std::string& host_path,
                          const MountRequest& mount) {
    if (host_path.starts_with(real_path(engine.run_root()) + "/"))
        throw Error(ErrorKind::denied,
                    "'{}' lies in skiff's run directory, which no container may see", mount.source);
}

/// containers/<id>/mounts/<number>, empty: for one run.
Fd scratch_directory(const ContainerFiles& files, size_t number) {
    const Fd all = open_or_make_directory(files.directory(), scratch_name, 0700);
    const std::string name = std::to_string(number);
    remove_tree(all.get(), name);
    return open_or_make_directory(all.get(), name, 0700);
}

std::string scratch_path(const ContainerFiles& files, size_t number, const char* name) {
    return fmt::format("../containers/{}/{}/{}/{}", files.id(), scratch_name, number, name);
}

/// :O: what is there, below a layer that is empty at each start.
Fd overlay_on(const MountContext& context, int source, size_t number) {
    struct stat status{};
    if (fstat(source, &status) < 0) throw SystemError(errno, "cannot inspect a mount's source");
    if (!S_ISDIR(status.st_mode)) throw Error(ErrorKind::invalid, "the mode O is for directories");
    const Fd scratch = scratch_directory(context.files, number);
    const Fd upper = open_or_make_directory(scratch.get(), "upper", 0700);
    open_or_make_directory(scratch.get(), "work", 0700);
    // What the merged root shows is the upper one's.
    copy_directory_attributes(RootDir(duplicate(source)).open(".", O_RDONLY | O_DIRECTORY).get(),
                              upper.get());
    runtime::OverlayRequest request;
    request.base_directory = context.engine.root() + "/l";
    request.lower = {fmt::format("/proc/self/fd/{}", source)};
    request.upper = scratch_path(context.files, number, "upper");
    request.work = scratch_path(context.files, number, "work");
    request.user_xattr = context.in_user_namespace;
    request.is_volatile = true;
    return runtime::mount_overlay(request);
}

/// Read-only, so one empty directory makes the two layers that overlay wants.
Fd mount_image(const MountContext& context, const MountRequest& mount, size_t number) {
    const Fd scratch = scratch_directory(context.files, number);
    open_or_make_directory(scratch.get(), "empty", 0755);
    runtime::OverlayRequest request;
    request.base_directory = context.engine.root() + "/l";
    const bool mapped = wants_mapped_layers(context.in_user_namespace, context.record);
    request.lower = layer_links(context.engine,
                                mapped ? mapped_layers(mount.layers, context.record) : mount.layers,
                                mount.source);
    request.lower.push_back(scratch_path(context.files, number, "empty"));
    request.user_xattr = context.in_user_namespace;
    Fd id_map;
    if (context.record.id_maps && !context.in_user_namespace) {
        id_map = runtime::make_user_namespace(*context.record.id_maps);
        request.id_map = id_map.get();
    }
    return runtime::mount_overlay(request);
}

/// What is shown by idmap has on the disk the ids that the container counts. Volumes are where the
/// kernel lets us; rootless it does not, and they have those that the store counts.
bool has_inner_ids(const MountContext& context, const MountRequest& mount) {
    return mount.idmap || (mount.type == MountType::volume && !context.in_user_namespace);
}

/// A new volume that nothing of the image fills, and whose owner is nobody in this container, is
/// its user's.
void give_new_volume(const MountContext& context, int data) {
    const runtime::IdMaps& maps = *context.nested;
    struct stat status{};
    if (fstat(data, &status) < 0) throw SystemError(errno, "cannot inspect a volume");
    if (to_inside(maps.uids, status.st_uid) || status.st_uid != 0 || !list_directory(data).empty())
        return;
    if (fchown(data, to_outside(maps.uids, context.user.uid).value_or(0),
               to_outside(maps.gids, context.user.gid).value_or(0)) < 0)
        throw SystemError(errno, "cannot give a volume to the container's user");
}

/// Only the first start fills: a volume that a container has emptied stays empty.
bool was_started(const ContainerFiles& files) {
    return files.stored_state().started_at != Timestamp{};
}

struct OpenedVolume {
    Fd data;                ///< readable
    MountedVolume mounted;  ///< where something is mounted in place of it
};

OpenedVolume open_volume_source(const MountContext& context, const MountRequest& mount) {
    const VolumeRecord record = get_volume(context.engine, mount.source);
    const Fd volume = open_volume(context.engine, mount.source);
    OpenedVolume opened;
    opened.data = open_volume_data(volume.get(), mount.source);
    if (!record.options.empty()) {
        opened.mounted = mount_volume(context.engine, record, context.in_user_namespace);
        refuse_run_directory(context.engine, opened.mounted.host_path, mount);
        opened.data = open_at(opened.mounted.tree.get(), ".", O_RDONLY | O_DIRECTORY);
    }
    PopulateRequest request;
    request.volume = volume.get();
    request.staging = opened.mounted.tree.valid() ? opened.data.get() : volume.get();
    request.data = opened.data.get();
    request.target = mount.target;
    request.durable = !context.record.request.auto_remove;
    const bool inner = context.nested && has_inner_ids(context, mount);
    if (inner) request.translation = to_inside_translation(*context.nested);
    const bool first = !was_started(context.files);
    if (!mount.no_copy && first) request.root = &context.root;
    populate_volume(request);
    if (first && context.nested && !inner) give_new_volume(context, opened.data.get());
    return opened;
}

Fd open_subpath(const Fd& directory, const MountRequest& mount) {
    const RootDir inside(duplicate(directory.get()));
    auto found = inside.find(mount.subpath, O_PATH);
    if (!found)
        throw Error(ErrorKind::invalid, "cannot access path {} of {} {}: no such file or directory",
                    quoted(mount.subpath), to_string(mount.type), mount.source);
    return std::move(*found);
}

Fd clone_part(int source, const MountRequest& mount) {
    constexpr unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | AT_RECURSIVE;
    Fd tree(static_cast<int>(syscall(SYS_open_tree, source, "", flags)));
    if (tree.valid()) return tree;
    if (errno == EINVAL)
        throw Error(ErrorKind::unsupported, "a part of {} {} can be mounted from Linux 6.15 on",
                    to_string(mount.type), mount.source);
    throw SystemError(errno, "cannot mount {} of {}", skiff::quoted(mount.subpath), mount.source);
}

void give_to_user(const MountContext& context, const MountRequest& mount, int source) {
    uid_t uid = context.user.uid;
    gid_t gid = context.user.gid;
    if (context.nested && !has_inner_ids(context, mount)) {
        uid = to_outside(context.nested->uids, uid).value_or(uid);
        gid = to_outside(context.nested->gids, gid).value_or(gid);
    }
    struct stat status{};
    if (fstat(source, &status) < 0) throw SystemError(errno, "cannot inspect a mount's source");
    if (!S_ISDIR(status.st_mode)) {
        if (fchownat(source, "", uid, gid, AT_EMPTY_PATH) < 0)
            throw SystemError(errno, "cannot give a mount's source to the container's user");
        return;
    }
    give_tree(RootDir(RootDir(duplicate(source)).open(".", O_RDONLY | O_DIRECTORY)), uid, gid);
}

}  // namespace

MountSources::MountSources(const MountContext& context) {
    for (size_t i = 0; i < context.record.mounts.size(); ++i) {
        const MountRequest& mount = context.record.mounts[i];
        if (mount.type != MountType::tmpfs) sources_.push_back(open_source(context, mount, i));
    }
}

MountSources::Source MountSources::open_source(const MountContext& context,
                                               const MountRequest& mount, size_t number) {
    Source result;
    result.target = mount.target;
    if (mount.type == MountType::bind) {
        result.source = open_bind_source(mount);
        result.host_path = path_of(result.source.get());
        refuse_run_directory(context.engine, result.host_path, mount);
        if (mount.propagation == "shared" || mount.propagation == "rshared")
            result.tree = context.shared.take(mount.target);
    } else if (mount.type == MountType::volume) {
        OpenedVolume volume = open_volume_source(context, mount);
        result.source = std::move(volume.data);
        result.tree = std::move(volume.mounted.tree);
        result.host_path = std::move(volume.mounted.host_path);
    } else {
        result.tree = mount_image(context, mount, number);
        if (!mount.subpath.empty()) result.source = duplicate(result.tree.get());
    }
    if (!mount.subpath.empty()) {
        result.source = open_subpath(result.source, mount);
        // A detached tree ends with its descriptor, so its part is cloned while that is held.
        if (result.tree.valid()) result.tree = clone_part(result.source.get(), mount);
    }
    if (mount.chown) give_to_user(context, mount, result.source.get());
    if (mount.overlay)
        result.tree = with_context([&] { return overlay_on(context, result.source.get(), number); },
                                   "the overlay at {}", mount.target);
    map_ids(context, mount, result);
    // A sub-path is safe as a descriptor alone.
    result.has_path = !result.tree.valid() && mount.subpath.empty();
    return result;
}

void MountSources::map_ids(const MountContext& context, const MountRequest& mount, Source& source) {
    if (!context.nested && mount.idmap)
        throw Error(ErrorKind::unsupported,
                    "idmap at {} needs a container with a user namespace of its own", mount.target);
    if (!context.nested || !has_inner_ids(context, mount)) return;
    if (!user_namespace_.valid()) user_namespace_ = runtime::make_user_namespace(*context.nested);
    const unsigned recursive = mount.recursive ? AT_RECURSIVE : 0U;
    if (!source.tree.valid())
        source.tree.reset(static_cast<int>(
            syscall(SYS_open_tree, source.source.get(), "",
                    OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH | recursive)));
    if (!source.tree.valid()) throw SystemError(errno, "cannot mount '{}'", mount.source);
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_IDMAP;
    attributes.userns_fd = static_cast<std::uint64_t>(user_namespace_.get());
    if (syscall(SYS_mount_setattr, source.tree.get(), "", AT_EMPTY_PATH | recursive, &attributes,
                sizeof attributes) == 0)
        return;
    throw SystemError(errno, "cannot show the owners in '{}' as the container's ({})", mount.source,
                      errno == EINVAL ? "its file system cannot" : "the kernel refuses");
}

std::vector<std::string> MountSources::covered_paths(const Engine& engine) const {
    std::vector<std::string> paths;
    std::string run;
    for (const Source& source : sources_) {
        if (source.host_path.empty()) continue;
        if (run.empty()) run = real_path(engine.run_root());
        const std::string host_path = source.host_path == "/" ? "" : source.host_path;
        if (run == host_path || run.starts_with(host_path + "/"))
            paths.push_back(source.target + run.substr(host_path.size()));
    }
    return paths;
}

void MountSources::give_to(runtime::LaunchPlan& plan) {
    for (Source& source : sources_) {
        const auto step = std::ranges::find_if(plan.mounts, [&](const runtime::MountStep& other) {
            return other.kind == runtime::MountStep::Kind::attach && other.target == source.target;
        });
        if (step == plan.mounts.end()) continue;
        if (source.tree.valid()) {
            step->tree = std::move(source.tree);
        } else {
            step->source_fd = std::move(source.source);
        }
    }
}

void MountSources::require_paths() const {
    for (const Source& source : sources_)
        if (!source.has_path)
            throw Error(ErrorKind::unsupported,
                        "what is mounted at {} can be mounted by skiff's own launcher only, not by "
                        "--runtime",
                        source.target);
}

}  // namespace skiff::engine
