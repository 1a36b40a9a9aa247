// SPDX-License-Identifier: Apache-2.0
#include "engine/container/id_layout.h"

#include <algorithm>
#include <limits>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/nested_engine.h"
#include "engine/shared_namespace.h"
#include "runtime/userns/container_maps.h"
#include "storage/layers.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

constexpr size_t file_limit = 16U << 20U;
constexpr std::uint32_t least_auto_size = 1024;
constexpr const char* auto_lock = "auto-ids.lock";
constexpr const char* group_of_auto = "containers";

std::uint32_t parse_id_number(std::string_view text, std::string_view mode) {
    const auto number = parse_number<std::uint32_t>(text);
    if (!number || *number == std::numeric_limits<std::uint32_t>::max())
        throw Error(ErrorKind::usage, "--userns {}: {} is not a number from 0 to 4294967294", mode,
                    quoted(text));
    return *number;
}

/// podman's CONTAINER:HOST:COUNT, the host's id as our own user namespace counts it.
runtime::IdExtent parse_mapping(std::string_view text, std::string_view what,
                                std::string_view mode) {
    const auto fields = split(text, ':');
    std::vector<std::uint32_t> numbers;
    for (const std::string_view field : fields)
        if (const auto number = parse_number<std::uint32_t>(field)) numbers.push_back(*number);
    if (fields.size() != 3 || numbers.size() != 3 || numbers[2] == 0)
        throw Error(ErrorKind::usage,
                    "--userns {}: {} setting is malformed expected [\"uint32:uint32:uint32\"]: "
                    "[{}]",
                    mode, what, quoted(text));
    return {numbers[0], numbers[1], numbers[2]};
}

void apply_option(IdLayout& layout, std::string_view option, std::string_view mode) {
    const Cut parts = cut(option, '=');
    if (!parts.found)
        throw Error(ErrorKind::usage, "--userns {}: invalid option specified: {}", mode,
                    quoted(option));
    const bool automatic = layout.kind == IdLayout::Kind::automatic;
    if (parts.before == "size") {
        layout.size = parse_id_number(parts.after, mode);
        // As podman: the default.
        if (automatic && *layout.size == 0) layout.size.reset();
    } else if (!automatic && parts.before == "uid") {
        layout.uid = parse_id_number(parts.after, mode);
    } else if (!automatic && parts.before == "gid") {
        layout.gid = parse_id_number(parts.after, mode);
    } else if (automatic && parts.before == "uidmapping") {
        layout.uids.push_back(parse_mapping(parts.after, "UID", mode));
    } else if (automatic && parts.before == "gidmapping") {
        layout.gids.push_back(parse_mapping(parts.after, "GID", mode));
    } else {
        throw Error(ErrorKind::usage, "--userns {}: unknown option specified: {}", mode,
                    quoted(parts.before));
    }
}

/// The fields of the line whose number (the third field) is `id`; none: empty.
std::vector<std::string> find_account(const char* path, std::uint32_t id) {
    const std::string text = find_file(AT_FDCWD, path, file_limit).value_or("");
    for (const std::string_view line : split(text, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() >= 4 && !fields[0].empty() &&
            parse_number<std::uint32_t>(fields[2]) == id)
            return {fields.begin(), fields.end()};
    }
    return {};
}

CallerAccount find_caller(std::uint32_t uid, std::uint32_t gid) {
    CallerAccount caller;
    const auto user = find_account("/etc/passwd", geteuid());
    if (user.size() >= 6) {
        caller.home = user[5];
        if (uid == geteuid()) {
            caller.user = user[0];
            caller.description = user[4];
        }
    }
    const auto group = find_account("/etc/group", getegid());
    if (!group.empty() && gid == getegid()) caller.group = group[0];
    return caller;
}

std::vector<runtime::SubordinateRange> ranges_of_root(const char* file) {
    const runtime::SubordinateOwner owner{
        .name = group_of_auto, .uid = std::numeric_limits<uid_t>::max(), .own_id = 0};
    auto ranges = runtime::parse_subordinate_ids(find_file(AT_FDCWD, file, file_limit).value_or(""),
                                                 file, owner);
    if (ranges.empty()) ranges.push_back(default_auto_range);
    return ranges;
}

/// Those of the initial user namespace.
runtime::IdMaps all_ids() {
    const std::vector<runtime::IdExtent> all{{0, 0, std::numeric_limits<std::uint32_t>::max()}};
    return {all, all};
}

struct Lendable {
    std::vector<runtime::SubordinateRange> uids;
    std::vector<runtime::SubordinateRange> gids;
};

Lendable lendable_to_containers(const Engine& engine, std::string_view mode) {
    if (!engine.rootless()) return {ranges_of_root("/etc/subuid"), ranges_of_root("/etc/subgid")};
    const runtime::IdMaps maps = store_id_maps(engine);
    if (maps.single_id())
        throw Error(ErrorKind::unsupported,
                    "--userns {} needs more ids than one: you have no range in /etc/subuid and "
                    "/etc/subgid (as root: usermod --add-subuids 100000-165535 --add-subgids "
                    "100000-165535 NAME)",
                    mode);
    return {runtime::lendable_ids(maps.uids), runtime::lendable_ids(maps.gids)};
}

/// What the accounts of the image ask for, as podman counts it: the highest id but that of nobody.
std::uint32_t count_ids(const RootDir& layer, const char* path, std::uint32_t least) {
    std::uint32_t count = least;
    constexpr std::uint32_t nobody = 65534;
    const std::string text = layer.find_file(path, file_limit).value_or("");
    for (const std::string_view line : split(text, '\n')) {
        const auto fields = split(line, ':');
        for (size_t i = 2; i < std::min<size_t>(fields.size(), 4); ++i) {
            const auto id = parse_number<std::uint32_t>(fields[i]);
            if (id && *id < nobody) count = std::max(count, *id + 1);
        }
    }
    return count;
}

std::uint32_t default_auto_size(const Engine& engine, const ContainerRecord& record) {
    std::uint32_t size = least_auto_size;
    for (const std::string_view id : split(record.config.user, ':'))
        if (const auto number = parse_number<std::uint32_t>(id);
            number && *number < std::numeric_limits<std::int32_t>::max())
            size = std::max(size, *number + 1);
    const auto store = storage::Store::find(engine.root());
    if (!store) return size;
    for (const char* path : {"etc/passwd", "etc/group"}) {
        for (const std::string& chain : record.layers) {
            try {
                const auto key = oci::Digest::require("sha256:" + chain, "a layer");
                size = count_ids(storage::open_layer_tree(*store, key), path, size);
            } catch (const SystemError& error) {
                // Not for us to read: the map is as large as it is without it.
                if (error.errno_value() != EACCES) throw;
            }
        }
    }
    return size;
}

runtime::IdMaps maps_of_others(const Engine& engine) {
    runtime::IdMaps used;
    for (const std::string& id : container_ids(engine)) {
        try {
            const auto other = ContainerFiles(engine, id).find_record();
            if (!other || !other->id_maps) continue;
            if (parse_id_layout(other->request.namespaces.user).kind != IdLayout::Kind::automatic)
                continue;
            const runtime::IdMaps& maps = *other->id_maps;
            used.uids.insert(used.uids.end(), maps.uids.begin(), maps.uids.end());
            used.gids.insert(used.gids.end(), maps.gids.begin(), maps.gids.end());
        } catch (const Error& error) {
            // Removed meanwhile; or its record cannot be read, which `ps` says.
            if (error.kind() == ErrorKind::unsupported) throw;
        }
    }
    return used;
}

FileLock settle_automatic(const Engine& engine, const IdLayout& layout, const Lendable& ids,
                          ContainerRecord& record) {
    const Fd root = open_data_directory(engine);
    FileLock lock = FileLock::wait(root.get(), auto_lock, LockMode::exclusive);
    const runtime::IdMaps used = maps_of_others(engine);
    const std::uint32_t size = layout.size ? *layout.size : default_auto_size(engine, record);
    record.id_maps = runtime::IdMaps{
        runtime::automatic_map(layout.uids, runtime::free_ids(ids.uids, used.uids), size),
        runtime::automatic_map(layout.gids, runtime::free_ids(ids.gids, used.gids), size)};
    return lock;
}

void settle_kept(const IdLayout& layout, const Lendable& ids, ContainerRecord& record) {
    const std::uint32_t uid = layout.uid.value_or(geteuid());
    const std::uint32_t gid = layout.gid.value_or(getegid());
    record.id_maps = runtime::IdMaps{runtime::keep_id_map(uid, ids.uids, layout.size),
                                     runtime::keep_id_map(gid, ids.gids, layout.size)};
    if (record.request.user.empty()) record.config.user = fmt::format("{}:{}", uid, gid);
    record.caller = find_caller(uid, gid);
}

/// The kernel would only say EPERM, at the start.
void require_own_ids(const std::vector<runtime::IdExtent>& given,
                     const std::vector<runtime::IdExtent>& own, std::string_view mode) {
    for (const runtime::IdExtent& extent : given) {
        const std::uint64_t end = std::uint64_t{extent.outside} + extent.count;
        std::uint64_t at = extent.outside;
        for (bool found = true; found && at < end;) {
            found = false;
            for (const runtime::IdExtent& ours : own) {
                if (at < ours.inside || at - ours.inside >= ours.count) continue;
                at = std::uint64_t{ours.inside} + ours.count;
                found = true;
            }
        }
        if (at < end)
            throw Error(ErrorKind::invalid,
                        "--userns {}: the id {} is not one of yours (0 is you, those from 1 on are "
                        "the ranges in /etc/subuid and /etc/subgid)",
                        mode, at);
    }
}

/// Everything that is made for a container begins as its root's.
void require_root(const runtime::IdMaps& maps, std::string_view mode) {
    if (!to_outside(maps.uids, 0) || !to_outside(maps.gids, 0))
        throw Error(ErrorKind::invalid, "--userns {}: the container would have no root (id 0)",
                    mode);
}

}  // namespace

IdLayout parse_id_layout(std::string_view mode) {
    IdLayout layout;
    if (mode.empty() || mode == "host") return layout;
    const Cut parts = cut(mode, ':');
    if (parts.before == "keep-id") {
        layout.kind = IdLayout::Kind::keep_id;
    } else if (parts.before == "auto") {
        layout.kind = IdLayout::Kind::automatic;
    } else if (mode == "nomap") {
        layout.kind = IdLayout::Kind::nomap;
        return layout;
    } else if (parts.before == "container" || parts.before == "ns" || mode == "private") {
        throw Error(ErrorKind::unsupported, "--userns {} is not supported by this version of skiff",
                    mode);
    } else {
        throw Error(ErrorKind::usage,
                    "--userns: invalid USER mode: {} (there are host, keep-id, auto and nomap)",
                    mode);
    }
    // As podman: "keep-id:" is keep-id, "auto:" is not auto.
    if (!parts.found || (parts.after.empty() && layout.kind == IdLayout::Kind::keep_id))
        return layout;
    for (const std::string_view option : split(parts.after, ','))
        apply_option(layout, option, mode);
    for (const auto* map : {&layout.uids, &layout.gids})
        if (!map->empty())
            with_context([&] { runtime::check_id_map(*map, "the given map"); }, "--userns {}",
                         mode);
    return layout;
}

std::optional<FileLock> settle_id_maps(const Engine& engine, ContainerRecord& record) {
    settle_nested(engine, record);
    const std::string& mode = record.request.namespaces.user;
    const IdLayout layout = parse_id_layout(mode);
    if (layout.kind == IdLayout::Kind::shared) return std::nullopt;
    if (!engine.rootless() && layout.kind != IdLayout::Kind::automatic)
        throw Error(ErrorKind::unsupported,
                    "{} is only supported in rootless mode (as root there is --userns auto)",
                    cut(mode, ':').before);
    if (record.built_in == "host")
        throw Error(ErrorKind::unsupported,
                    "the image host has a user namespace of its own: --userns {} cannot be had",
                    mode);
    if (!record.request.runtime.empty())
        throw Error(ErrorKind::unsupported,
                    "--userns {} is had with skiff's own launcher only, not with --runtime", mode);
    const Lendable ids = lendable_to_containers(engine, mode);
    const runtime::IdMaps own = engine.rootless() ? store_id_maps(engine) : all_ids();
    require_own_ids(layout.uids, own.uids, mode);
    require_own_ids(layout.gids, own.gids, mode);
    std::optional<FileLock> lock;
    if (layout.kind == IdLayout::Kind::automatic) {
        lock = settle_automatic(engine, layout, ids, record);
    } else if (layout.kind == IdLayout::Kind::keep_id) {
        settle_kept(layout, ids, record);
    } else {
        record.id_maps =
            runtime::IdMaps{runtime::nomap_map(ids.uids), runtime::nomap_map(ids.gids)};
    }
    record.id_maps = runtime::IdMaps{runtime::along_extents(record.id_maps->uids, own.uids),
                                     runtime::along_extents(record.id_maps->gids, own.gids)};
    runtime::check_id_map(record.id_maps->uids, "the uid map");
    runtime::check_id_map(record.id_maps->gids, "the gid map");
    require_root(*record.id_maps, mode);
    return lock;
}

bool is_caller(const ContainerRecord& record, std::uint32_t uid) {
    return record.caller && record.id_maps && to_outside(record.id_maps->uids, uid) == 0U;
}

std::string home_of_caller(const ContainerRecord& record) {
    const std::string& home = record.caller->home;
    const auto shows = [&](const MountRequest& mount) {
        return mount.target == home || (home + "/").starts_with(mount.target + "/");
    };
    if (!home.empty() && home != "/" && std::ranges::any_of(record.mounts, shows)) return home;
    return record.config.working_directory.empty() ? "/" : record.config.working_directory;
}

}  // namespace skiff::engine
