// SPDX-License-Identifier: Apache-2.0
#include "engine/build/prune.h"

#include <algorithm>
#include <set>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/statvfs.h>

#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/text.h"
#include "base/tree_size.h"
#include "engine/build/explain.h"
#include "engine/build/run_mounts.h"
#include "engine/store_namespace.h"
#include "storage/build_steps.h"
#include "storage/collect.h"
#include "storage/image_records.h"

namespace skiff::engine {
namespace {

using storage::Store;

constexpr const char* step_kind = "regular";
constexpr const char* mount_kind = "exec.cachemount";
constexpr auto unused_time = std::chrono::hours(24 * 60);
constexpr std::uint64_t least_limit = 10'000'000'000;
constexpr std::string_view lock_suffix = ".lock";

std::set<std::string> layers_of_images(const Store& store) {
    std::set<std::string> layers;
    storage::Damages damaged;
    for (const storage::ImageRecord& image : storage::list_image_records(store, damaged))
        for (const storage::LayerRecord& layer : image.layers) layers.insert(layer.chain.hex());
    return layers;
}

void add_steps(const Store& store, std::vector<CachedStep>& list) {
    const std::set<std::string> kept = layers_of_images(store);
    for (const storage::ListedBuildStep& step : storage::list_build_steps(store))
        list.push_back({.id = step.key.hex(),
                        .kind = step_kind,
                        .text = step.text,
                        .size = step.size,
                        .created = step.created,
                        .used = step.used,
                        .in_use = step.layer && kept.contains(step.layer->hex())});
}

/// Directories of RUN --mount=type=cache; their sizes are measured where they may be read.
void add_caches(const Engine& engine, const Store& store, std::vector<CachedStep>& list) {
    const Fd caches = find_at(store.fd(), cache_folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!caches.valid()) return;
    for (const std::string& name : list_directory(caches.get())) {
        if (name.ends_with(lock_suffix)) continue;
        struct stat status{};
        if (fstatat(caches.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) continue;
        const Timestamp changed{std::chrono::seconds(status.st_mtim.tv_sec)};
        const bool free =
            FileLock::attempt(caches.get(), name + std::string(lock_suffix), LockMode::exclusive)
                .has_value();
        const std::string path = fmt::format("{}/{}/{}", engine.root(), cache_folder, name);
        const std::string size = run_in_store_namespace(engine, store, [&](const LayerOwnership&) {
            return std::to_string(find_tree_size(path).value_or(0));
        });
        list.push_back({.id = name,
                        .kind = mount_kind,
                        .text = "RUN --mount=type=cache",
                        .size = parse_number<std::uint64_t>(size).value_or(0),
                        .created = changed,
                        .used = changed,
                        .in_use = !free});
    }
}

/// False when a step has it.
bool discard_cache(const Store& store, const std::string& name) {
    const Fd caches = open_at(store.fd(), cache_folder, O_RDONLY | O_DIRECTORY);
    const auto lock =
        FileLock::attempt(caches.get(), name + std::string(lock_suffix), LockMode::exclusive);
    return lock && storage::move_to_trash(store, fmt::format("{}/{}", cache_folder, name));
}

std::vector<CachedStep> chosen(std::vector<CachedStep> list, const CachePruneRequest& request) {
    std::vector<CachedStep> result;
    std::uint64_t kept = 0;
    for (CachedStep& step : list) {
        if (step.in_use && (!request.all || step.kind == mount_kind)) continue;
        if (step.used >= request.before) continue;
        if (kept + step.size <= request.keep_bytes && request.keep_bytes > 0) {
            kept += step.size;
            continue;
        }
        result.push_back(std::move(step));
    }
    return result;
}

std::vector<CachedStep> list_steps(const Store& store) {
    std::vector<CachedStep> list;
    add_steps(store, list);
    std::ranges::sort(list, std::greater<>{}, &CachedStep::used);
    return list;
}

/// Layers that nothing reaches any more go with the entries.
std::uint64_t collect_now(const Engine& engine, const Store& store) {
    storage::Collection collection;
    {
        const storage::StoreLock lock = store.lock(LockMode::exclusive);
        collection = storage::collect(store, lock);
    }
    if (collection.trash) empty_store_trash(engine, store);
    return collection.bytes;
}

/// What --explain compares with, of Dockerfiles that nobody builds any more.
void forget_old_plans(const Store& store, Timestamp oldest) {
    const Fd plans = find_at(store.fd(), plan_folder, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!plans.valid()) return;
    for (const std::string& name : list_directory(plans.get())) {
        struct stat status{};
        if (fstatat(plans.get(), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) == 0 &&
            Timestamp(std::chrono::seconds(status.st_mtim.tv_sec)) < oldest)
            unlinkat(plans.get(), name.c_str(), 0);
    }
}

}  // namespace

std::vector<CachedStep> list_build_cache(const Engine& engine) {
    const auto store = Store::find(engine.root());
    if (!store) return {};
    std::vector<CachedStep> list;
    add_steps(*store, list);
    add_caches(engine, *store, list);
    std::ranges::sort(list, std::greater<>{}, &CachedStep::used);
    return list;
}

PrunedCache prune_build_cache(const Engine& engine, const CachePruneRequest& request) {
    const auto store = Store::find(engine.root());
    if (!store) return {};
    PrunedCache pruned;
    for (const CachedStep& step : chosen(list_build_cache(engine), request)) {
        if (step.kind == mount_kind) {
            if (!discard_cache(*store, step.id)) continue;
            pruned.reclaimed += step.size;
        } else if (!storage::remove_build_step(*store, *oci::Digest::from_hex(step.id))) {
            continue;
        }
        pruned.ids.push_back(step.id);
    }
    pruned.reclaimed += collect_now(engine, *store);
    return pruned;
}

void trim_build_cache(const Engine& engine, const Store& store) {
    struct statvfs disk{};
    std::uint64_t limit = least_limit;
    if (fstatvfs(store.fd(), &disk) == 0)
        limit = std::max(limit, std::uint64_t{disk.f_blocks} * disk.f_frsize / 10);
    const std::vector<CachedStep> list = list_steps(store);
    const Timestamp oldest = now() - unused_time;
    forget_old_plans(store, oldest);
    std::uint64_t total = 0;
    bool removed = false;
    for (const CachedStep& step : list) {
        total += step.size;
        if (step.used >= oldest && total <= limit) continue;
        removed |= storage::remove_build_step(store, *oci::Digest::from_hex(step.id));
    }
    if (removed) collect_now(engine, store);
}

}  // namespace skiff::engine
