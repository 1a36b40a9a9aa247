// SPDX-License-Identifier: Apache-2.0
#include "engine/volume/volumes.h"

#include <chrono>

#include <fcntl.h>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "base/tree_size.h"
#include "engine/store_namespace.h"
#include "engine/volume/volume_users.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

constexpr size_t anonymous_name_bytes = 32;

/// Docker writes an empty map as null here.
Json map_or_null(const std::map<std::string, std::string>& map) {
    return map.empty() ? Json(nullptr) : Json(map);
}

/// Where nothing but the volume's own root is, no user namespace is needed to remove it.
bool delete_as_caller(const std::string& trash) {
    try {
        remove_tree(AT_FDCWD, trash);
        return true;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

std::string create_volume(const Engine& engine, const VolumeRequest& request) {
    VolumeRecord record;
    record.name = request.name.empty() ? random_hex(anonymous_name_bytes) : request.name;
    with_context(
        [&] {
            check_volume_name(record.name);
            check_volume_driver(request.driver, request.options);
        },
        "create {}", printable(record.name));
    record.created = now();
    record.labels = request.labels;
    if (request.name.empty()) record.labels.try_emplace(anonymous_volume_label);
    record.options = request.options;
    storage::Store::open(engine.root());
    const FileLock lock = lock_volumes(engine, LockMode::shared);
    make_volume(engine, record, Durability::sync);
    return record.name;
}

std::vector<VolumeSummary> list_volumes(const Engine& engine, bool with_users) {
    const VolumeUsers users = with_users ? volume_users(engine) : VolumeUsers();
    std::vector<VolumeSummary> list;
    for (const std::string& name : volume_names(engine)) {
        VolumeSummary summary;
        summary.record.name = name;
        try {
            auto record = find_volume(engine, name);
            if (!record) continue;  // removed meanwhile
            summary.record = std::move(*record);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::invalid && error.kind() != ErrorKind::unsupported) throw;
            engine.warn(error.message());
        }
        summary.mountpoint = volume_data_path(engine, name);
        summary.in_use = users.containers.contains(name);
        list.push_back(std::move(summary));
    }
    return list;
}

Json inspect_volume(const Engine& engine, const std::string& name) {
    const VolumeRecord record = get_volume(engine, name);
    return {{"CreatedAt", to_rfc3339(std::chrono::floor<std::chrono::seconds>(record.created))},
            {"Driver", record.driver},
            {"Labels", map_or_null(record.labels)},
            {"Mountpoint", volume_data_path(engine, name)},
            {"Name", record.name},
            {"Options", map_or_null(record.options)},
            {"Scope", "local"}};
}

void remove_volume(const Engine& engine, const std::string& name, bool force) {
    if (!volume_exists(engine, name)) {
        if (force) return;
        get_volume(engine, name);
    }
    std::string trash;
    {
        const FileLock lock = lock_volumes(engine, LockMode::exclusive);
        const VolumeUsers users = volume_users(engine);
        if (const auto found = users.containers.find(name); found != users.containers.end())
            throw Error(ErrorKind::in_use, "remove {}: volume is in use - [{}]", name,
                        join(found->second, ", "));
        with_context([&] { require_known_users(users); }, "remove {}", name);
        trash = discard_volume(engine, name);
        sweep_volumes(engine);
    }
    if (!trash.empty()) delete_discarded_volumes(engine, {trash});
}

PrunedVolumes prune_volumes(const Engine& engine,
                            const std::function<bool(const VolumeRecord&)>& wanted) {
    PrunedVolumes pruned;
    std::vector<std::string> candidates;
    for (const VolumeSummary& volume : list_volumes(engine, true))
        // Of a damaged one nobody knows what it is.
        if (!volume.in_use && volume.record.created != Timestamp{} && wanted(volume.record))
            candidates.push_back(volume.record.name);
    if (candidates.empty()) return pruned;
    const auto sizes = volume_sizes(engine, candidates);
    std::vector<std::string> trash;
    {
        const FileLock lock = lock_volumes(engine, LockMode::exclusive);
        const VolumeUsers users = volume_users(engine);
        require_known_users(users);
        for (const std::string& name : candidates) {
            if (users.containers.contains(name)) continue;  // since we looked
            std::string path = discard_volume(engine, name);
            if (path.empty()) continue;
            trash.push_back(std::move(path));
            pruned.names.push_back(name);
            if (const auto size = sizes.find(name); size != sizes.end())
                pruned.reclaimed += size->second;
        }
        sweep_volumes(engine);
    }
    delete_discarded_volumes(engine, trash);
    return pruned;
}

std::map<std::string, std::uint64_t> volume_sizes(const Engine& engine,
                                                  const std::vector<std::string>& names) {
    std::map<std::string, std::uint64_t> sizes;
    const auto store = storage::Store::find(engine.root());
    if (!store || names.empty()) return sizes;
    const std::string lines = run_in_store_namespace(engine, *store, [&](const LayerOwnership&) {
        std::string text;
        for (const std::string& name : names) {
            std::uint64_t size = 0;
            try {
                // By descriptor: what a volume's path leads to may not be the volume.
                const Fd data = open_volume_data(open_volume(engine, name).get(), name);
                size = find_tree_size(fmt::format("/proc/self/fd/{}", data.get())).value_or(0);
            } catch (const Error&) {
                // Damaged, or removed meanwhile: nothing of it is known.
            }
            text += fmt::format("{} {}\n", name, size);
        }
        return text;
    });
    for (const std::string_view line : split(lines, '\n')) {
        const Cut parts = cut(line, ' ');
        if (const auto size = parse_number<std::uint64_t>(parts.after))
            sizes[std::string(parts.before)] = *size;
    }
    return sizes;
}

void delete_discarded_volumes(const Engine& engine, const std::vector<std::string>& trash) {
    std::vector<std::string> left;
    for (const std::string& path : trash)
        if (!delete_as_caller(path)) left.push_back(path);
    if (left.empty()) return;
    try {
        const storage::Store store = storage::Store::open(engine.root());
        run_in_store_namespace(engine, store, [&](const LayerOwnership&) {
            for (const std::string& path : left) remove_tree(AT_FDCWD, path);
            return std::string();
        });
    } catch (const Error& error) {
        engine.warn(fmt::format("the files of {} removed volumes stay in '{}/trash' for now: {}",
                                left.size(), engine.root(), error.message()));
    }
}

}  // namespace skiff::engine
