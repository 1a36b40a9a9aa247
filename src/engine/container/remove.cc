// SPDX-License-Identifier: Apache-2.0
#include "engine/container/remove.h"

#include <algorithm>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/leftover.h"
#include "engine/container/lifecycle.h"
#include "engine/container/monitor_place.h"
#include "engine/container/size.h"
#include "engine/store_namespace.h"
#include "engine/volume/volume_users.h"
#include "engine/volume/volumes.h"

namespace skiff::engine {
namespace {

/// Files of a container belong to ids of the store's user namespace, so they are deleted in it.
void delete_in_namespace(const Engine& engine, const std::string& trash) {
    if (trash.empty()) return;
    const storage::Store store = storage::Store::open(engine.root());
    run_in_store_namespace(engine, store, [&](const LayerOwnership&) {
        delete_trash(trash);
        return std::string();
    });
}

/// What a killed monitor left running without a pid namespace (--pid=host), and the empty groups.
/// The lock is held; nothing is done for a container that ended as it should.
void end_leftovers_of(const Engine& engine, const ContainerFiles& files) {
    ContainerState state;
    std::optional<ContainerRecord> record;
    try {
        state = files.stored_state();
        if (state.status == ContainerStatus::exited && state.cgroups.empty()) return;
        record = files.find_record();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid) throw;  // damaged
    }
    end_leftovers(engine, files.id(), state, record);
}

void discard(const Engine& engine, const ContainerFiles& files, const ContainerRecord& record,
             bool volumes) {
    unlink(fmt::format("{}/{}.sock", engine.run_root(), files.id()).c_str());
    end_leftovers_of(engine, files);
    const Discarded discarded = discard_with_volumes(engine, files, record, volumes);
    delete_discarded_volumes(engine, discarded.volumes);
    const std::string& trash = discarded.container;
    try {
        delete_in_namespace(engine, trash);
    } catch (const Error& error) {
        // The container is gone; only its space is not free yet (no user namespaces here, say).
        engine.warn(fmt::format("the files of container {} stay in '{}' for now: {}",
                                files.id().substr(0, 12), trash, error.message()));
    }
}

/// The last word of a monitor that was killed: with the time at which somebody found out, since
/// nobody knows more. The lock is held.
void write_end(const ContainerFiles& files, ContainerState state) {
    state = without_monitor(std::move(state));
    state.cgroups.clear();
    state.finished_at = now();
    files.write_state(state, Durability::none);
}

void remove_leftover(const Engine& engine, const std::string& id) {
    const ContainerFiles files(engine, id);
    const auto lock = files.try_lock();
    if (!lock) return;
    const auto record = files.find_record();
    if (!record) {
        // Its creator died before it was visible; the link of its name may be there.
        free_names_of(engine, id);
        discard(engine, files, {}, false);
        return;
    }
    const ContainerState state = files.stored_state();
    if (is_leftover(*record, state.status)) {
        discard(engine, files, *record, true);
    } else if (is_active(state.status)) {
        end_leftovers(engine, id, state, record);
        write_end(files, state);
    }
}

/// Of a record as we write it, without parsing it: `ps` of a thousand containers does this for each
/// that was never started. (In a text of the user's the quotes have backslashes.)
bool says_by_run(int directory) {
    const auto text = find_regular_file(directory, "config.json", 16U << 20U);
    return text && text->find(R"("by_run":true)") != std::string::npos;
}

bool needs_a_look(const Engine& engine, const std::string& id) {
    const std::string path = fmt::format("{}/containers/{}", engine.root(), id);
    const Fd directory = find_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory.valid() || is_locked(directory.get(), "lock")) return false;
    if (faccessat(directory.get(), "config.json", F_OK, 0) != 0) return true;
    const ContainerFiles files(engine, id);
    const ContainerStatus stored = files.stored_state().status;
    // Nearly all: without reading the record.
    if (stored == ContainerStatus::exited) return false;
    if (stored == ContainerStatus::created && !says_by_run(files.directory())) return false;
    const auto record = files.find_record();
    return record && (is_active(stored) || is_leftover(*record, stored));
}

/// What a process was deleting when it was killed.
void empty_trash(const Engine& engine) {
    const Fd trash = find_at(AT_FDCWD, engine.root() + "/trash", O_RDONLY | O_DIRECTORY);
    if (!trash.valid()) return;
    const std::vector<std::string> entries = list_directory(trash.get());
    if (entries.empty()) return;
    // Killed between the move to the trash and the removal of the name.
    for (const std::string& id : entries) free_names_of(engine, id);
    // … or between that and the removal of its groups.
    for (const std::string& id : entries)
        if (id.size() == 64) clear_leftover_groups(engine, id, {});
    try {
        empty_store_trash(engine, storage::Store::open(engine.root()));
    } catch (const Error&) {
        // It waits: whoever only looks at containers must be able to where user namespaces are
        // refused. Removing something tells of it.
    }
}

/// A damaged record does not keep a container from being removed by force; its name, if it had one,
/// is then a stale link. (One of a newer skiff does: it may mean what we cannot undo.)
ContainerRecord record_if_readable(const ContainerFiles& files) {
    try {
        return files.record();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid) throw;
        ContainerRecord record;
        record.id = files.id();
        return record;
    }
}

/// Ids of those that name the container `id` in --requires. Only one that somebody did name has a
/// mark, so nobody else's removal reads all records.
std::vector<std::string> dependents_of(const Engine& engine, const ContainerFiles& files) {
    std::vector<std::string> dependents;
    if (!is_marked_required(files)) return dependents;
    for (const std::string& other : container_ids(engine)) {
        try {
            const auto record = ContainerFiles(engine, other).find_record();
            if (record && std::ranges::find(record->request.requirements, files.id()) !=
                              record->request.requirements.end())
                dependents.push_back(other);
        } catch (const Error& error) {
            // Removed meanwhile, or damaged, which `ps` says: it cannot be started any more.
            if (error.kind() == ErrorKind::unsupported) throw;
        }
    }
    return dependents;
}

/// A container can only require what was there before it, so this ends.
void settle_dependents(const Engine& engine, const ContainerFiles& files,
                       const RemoveOptions& options) {
    const std::vector<std::string> dependents = dependents_of(engine, files);
    if (dependents.empty()) return;
    if (!options.dependents)
        throw Error(ErrorKind::conflict,
                    "container {} has dependent containers which must be removed before it: {} "
                    "(with --depend they are removed as well)",
                    files.id(), join(dependents, ", "));
    for (const std::string& id : dependents) {
        remove_container(engine, id, options);
        if (options.removed_dependent) options.removed_dependent(id);
    }
}

[[noreturn]] void refuse_running(const ContainerFiles& files, const ContainerRecord& record) {
    const ContainerState state = files.current_state();
    throw Error(ErrorKind::in_use,
                "You cannot remove a {} container {}. {} the container before attempting removal "
                "or force remove (skiff rm -f {})",
                status_text(state), record.id, is_paused(state) ? "Unpause and then stop" : "Stop",
                record.name);
}

}  // namespace

PrunedContainers prune_containers(const Engine& engine,
                                  const std::function<bool(const ContainerSummary&)>& wanted) {
    std::vector<ContainerRecord> records;
    for (ContainerSummary& container : list_containers(engine, true))
        if (!is_active(container.state.status) && wanted(container))
            records.push_back(std::move(container.record));
    PrunedContainers pruned;
    if (records.empty()) return pruned;
    const auto sizes = container_sizes(engine, records);
    for (const ContainerRecord& record : records) {
        try {
            remove_container(engine, record.id, {.waits = false});
        } catch (const Error& error) {
            const ErrorKind kind = error.kind();
            // In use, required or gone by now; or unreadable, which the list has said.
            if (kind == ErrorKind::in_use || kind == ErrorKind::not_found ||
                kind == ErrorKind::invalid || kind == ErrorKind::conflict ||
                kind == ErrorKind::unsupported)
                continue;
            throw;
        }
        pruned.ids.push_back(record.id);
        if (const auto size = sizes.find(record.id); size != sizes.end())
            pruned.reclaimed += size->second.own;
    }
    return pruned;
}

void remove_container(const Engine& engine, const std::string& name, const RemoveOptions& options) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerRecord record = options.force ? record_if_readable(files) : files.record();
    settle_dependents(engine, files, options);
    const StopOptions stop =
        options.timeout_seconds
            ? StopOptions{.timeout_seconds = options.timeout_seconds, .signal = ""}
            : StopOptions{.timeout_seconds = 0, .signal = "KILL"};
    if (options.force && (is_locked(files.directory(), "lock") || files.has_program()))
        stop_container(engine, record.id, stop);
    // With --rm its monitor removes everything by itself.
    auto lock = options.waits ? files.lock_when_idle() : files.try_lock();
    // It may have been started since.
    for (; !lock; lock = files.lock_when_idle()) {
        if (!options.force) refuse_running(files, record);
        stop_container(engine, record.id, stop);
    }
    discard(engine, files, record, options.volumes || record.request.auto_remove);
}

void remove_if_left(const Engine& engine, const ContainerRecord& record) {
    const Fd directory =
        find_at(AT_FDCWD, fmt::format("{}/containers/{}", engine.root(), record.id),
                O_RDONLY | O_DIRECTORY);
    if (!directory.valid()) return;
    const ContainerFiles files(engine, record.id);
    // A monitor that is about to end removes it itself; wait for its end either way.
    const FileLock lock = files.wait_lock();
    discard(engine, files, record, true);
}

bool is_leftover(const ContainerRecord& record, ContainerStatus stored) {
    if (!record.request.auto_remove) return false;
    return is_active(stored) || (stored == ContainerStatus::created && record.by_run);
}

void repair_container(const Engine& engine, const std::string& id) {
    try {
        if (needs_a_look(engine, id)) remove_leftover(engine, id);
    } catch (const Error& error) {
        // Removed meanwhile by another command that repairs; anything else is the next command's
        // business, which names it.
        if (error.kind() == ErrorKind::denied) throw;
    }
}

void repair_names_and_trash(const Engine& engine) {
    repair_names(engine);
    empty_trash(engine);
}

void repair(const Engine& engine) {
    const Fd containers = find_at(AT_FDCWD, engine.root() + "/containers", O_RDONLY | O_DIRECTORY);
    if (!containers.valid()) return;
    for (const std::string& id : list_directory(containers.get())) repair_container(engine, id);
    repair_names_and_trash(engine);
}

}  // namespace skiff::engine
