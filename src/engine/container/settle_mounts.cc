// SPDX-License-Identifier: Apache-2.0
#include "engine/container/settle_mounts.h"

#include <algorithm>
#include <iterator>

#include "base/error.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/nested_engine.h"
#include "engine/image/find.h"
#include "engine/volume/volume_store.h"
#include "engine/volume/volume_users.h"
#include "engine/volume/volumes.h"

namespace skiff::engine {
namespace {

constexpr size_t anonymous_name_bytes = 32;

bool is_anonymous_path(const MountRequest& mount) {
    return mount.type == MountType::volume && mount.source.empty() && mount.short_form;
}

std::vector<MountRequest>::iterator find_target(std::vector<MountRequest>& mounts,
                                                const std::string& target) {
    return std::ranges::find(mounts, target, &MountRequest::target);
}

/// Docker's rules: --tmpfs is nobody else's; what is read-only there stays so; a later container
/// wins over an earlier one, and what the user mounts over both.
std::vector<MountRequest> mounts_from(const Engine& engine, const std::string& text) {
    const Cut parts = cut(text, ':');
    const ContainerFiles files = find_container(engine, std::string(parts.before));
    const ContainerRecord other = files.record();
    files.refuse_newer_state();
    const std::vector<std::string_view> words = split(parts.after, ',');
    const bool read_only = std::ranges::find(words, "ro") != words.end();
    std::vector<MountRequest> mounts;
    for (MountRequest mount : other.mounts) {
        if (mount.type == MountType::tmpfs && mount.short_form) continue;
        mount.read_only = mount.read_only || read_only;
        mount.no_copy = true;
        mount.chown = false;
        mount.short_form = false;
        mount.mode.clear();
        mounts.push_back(std::move(mount));
    }
    return mounts;
}

void make_missing_volume(const Engine& engine, const ContainerRecord& container,
                         MountRequest& mount) {
    if (mount.source.empty()) {
        mount.source = random_hex(anonymous_name_bytes);
        mount.anonymous = true;
    }
    if (mount.driver.empty() && mount.short_form) mount.driver = container.request.volume_driver;
    with_context([&] { check_volume_driver(mount.driver, mount.driver_options); }, "create {}",
                 mount.source);
    if (!mount.anonymous && volume_exists(engine, mount.source)) return;
    VolumeRecord volume;
    volume.name = mount.source;
    volume.created = now();
    volume.labels = mount.labels;
    if (mount.anonymous) volume.labels.try_emplace(anonymous_volume_label);
    volume.options = mount.driver_options;
    make_volume(engine, volume,
                container.request.auto_remove ? Durability::none : Durability::sync);
}

void refuse_shared(const Engine& engine, const MountRequest& mount) {
    if (mount.propagation != "shared" && mount.propagation != "rshared") return;
    if (engine.rootless())
        throw Error(ErrorKind::unsupported,
                    "the propagation '{}' of {} needs root: what is mounted in a user's container "
                    "cannot reach the host",
                    mount.propagation, mount.target);
}

/// Of an image that another container has mounted, it may have no name any more.
RunImage keep_layers(const Engine& engine, const MountRequest& mount) {
    RunImage image;
    image.store = std::make_unique<storage::Store>(storage::Store::open(engine.root()));
    image.lease = std::make_unique<storage::Lease>(storage::Lease::take(*image.store));
    for (const std::string& layer : mount.layers)
        image.lease->add_layer(oci::Digest::require("sha256:" + layer, "a layer of a mount"));
    return image;
}

void find_mounted_image(const Engine& engine, MountRequest& mount, SettledMounts& settled) {
    std::optional<RunImage> image = find_run_image(engine, mount.source);
    if (!image) throw_no_such_image(mount.source);
    if (!image->built_in.empty())
        throw Error(ErrorKind::unsupported, "the built-in image {} cannot be mounted",
                    skiff::quoted(mount.source));
    mount.layers = image->layers;
    settled.images.push_back(*std::move(image));
}

}  // namespace

void merge_volume_paths(const CreateRequest& request, EffectiveConfig& config) {
    for (std::string& path : config.volumes) {
        // Of the image, so anything.
        const std::string absolute = path.starts_with('/') ? path : "/" + path;
        if (const std::string problem = mount_target_problem(absolute); !problem.empty())
            throw Error(ErrorKind::invalid, "the image has a volume at {}: {}", skiff::quoted(path),
                        problem);
        path = clean_path(absolute);
        if (path == "/proc")
            throw Error(ErrorKind::invalid,
                        "the image has a volume at {}: '/proc' cannot be mounted because it is not "
                        "of type proc",
                        skiff::quoted(path));
    }
    for (const MountRequest& mount : request.mounts)
        if (is_anonymous_path(mount)) config.volumes.push_back(mount.target);
    if (request.security.nested) config.volumes.emplace_back(nested_store);
    std::ranges::sort(config.volumes);
    const auto same = std::ranges::unique(config.volumes);
    config.volumes.erase(same.begin(), same.end());
}

SettledMounts settle_mounts(const Engine& engine, ContainerRecord& record) {
    const CreateRequest& request = record.request;
    SettledMounts settled;
    if (request.mounts.empty() && request.volumes_from.empty() && record.config.volumes.empty())
        return settled;

    std::vector<MountRequest> typed;
    std::ranges::copy_if(request.mounts, std::back_inserter(typed),
                         [](const MountRequest& mount) { return !is_anonymous_path(mount); });
    const bool has_volumes =
        !request.volumes_from.empty() || !record.config.volumes.empty() ||
        std::ranges::find(typed, MountType::volume, &MountRequest::type) != typed.end();
    // Finding an image may take long; nobody waits for that.
    for (MountRequest& mount : typed)
        if (mount.type == MountType::image) find_mounted_image(engine, mount, settled);
    // Before the look at other containers, so that none takes its volumes along until ours names
    // them.
    if (has_volumes) settled.volumes = lock_volumes(engine, LockMode::shared);

    for (const std::string& text : request.volumes_from) {
        for (MountRequest& mount : mounts_from(engine, text)) {
            if (find_target(typed, mount.target) != typed.end()) continue;
            const auto earlier = find_target(record.mounts, mount.target);
            if (earlier == record.mounts.end()) {
                record.mounts.push_back(std::move(mount));
            } else {
                *earlier = std::move(mount);
            }
        }
    }
    std::ranges::move(typed, std::back_inserter(record.mounts));
    for (const std::string& path : record.config.volumes) {
        if (find_target(record.mounts, path) != record.mounts.end()) continue;
        MountRequest mount;
        mount.type = MountType::volume;
        mount.target = path;
        mount.driver = request.volume_driver;
        record.mounts.push_back(std::move(mount));
    }
    for (MountRequest& mount : record.mounts) {
        refuse_shared(engine, mount);
        if (mount.type == MountType::volume) make_missing_volume(engine, record, mount);
        if (mount.type == MountType::image) settled.images.push_back(keep_layers(engine, mount));
    }
    return settled;
}

void forget_mounts(const Engine& engine, const ContainerRecord& record) noexcept {
    if (!has_anonymous_volumes(record)) return;
    try {
        const FileLock lock = lock_volumes(engine, LockMode::exclusive);
        delete_discarded_volumes(engine, discard_anonymous_volumes(engine, record));
    } catch (const Error&) {
        // `volume prune` finds them.
    }
}

}  // namespace skiff::engine
