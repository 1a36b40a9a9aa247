// SPDX-License-Identifier: Apache-2.0
#include "engine/system/reset.h"

#include <cerrno>
#include <optional>
#include <set>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/root_dir.h"
#include "engine/container/container_files.h"
#include "engine/container/leftover.h"
#include "engine/container/lifecycle.h"
#include "engine/namespace_note.h"
#include "engine/shared_namespace.h"
#include "monitor/address.h"
#include "runtime/userns/user_namespace.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

/// Kills the monitor behind a socket, and with it (PID 1 of its pid namespace) the container. The
/// descriptor keeps the peer named: its number cannot be somebody else's while it is connected.
void kill_monitor(int run, const std::string& name) {
    const auto connection = monitor::connect_at(run, name);
    if (!connection) return;
    ucred peer{};
    socklen_t length = sizeof peer;
    if (getsockopt(connection->socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) < 0 ||
        peer.pid <= 0)
        return;
    const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, peer.pid, 0)));
    if (pidfd.valid()) syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

void kill_all(const std::string& run_root) {
    const Fd run = find_at(AT_FDCWD, run_root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!run.valid()) return;
    for (const std::string& name : list_directory(run.get()))
        if (name.ends_with(".sock")) kill_monitor(run.get(), name);
}

/// What a killed monitor left beside its files: control groups, and who still runs in them.
void end_leftovers_of(const Engine& engine, const std::string& id) {
    ContainerState state;
    std::optional<ContainerRecord> record;
    try {
        const ContainerFiles files(engine, id);
        state = files.stored_state();
        record = files.find_record();
    } catch (const Error&) {
        // Damaged: then its groups are looked for in their usual place.
    }
    end_leftovers(engine, id, state, record);
}

/// A lock is free once the last process that held it is gone; only then are its mounts.
void wait_for_ends(const Engine& engine) {
    const Fd containers =
        find_at(AT_FDCWD, engine.root() + "/containers", O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!containers.valid()) return;
    for (const std::string& id : list_directory(containers.get())) {
        const Fd directory = find_at(containers.get(), id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (!directory.valid()) continue;
        const FileLock lock = FileLock::wait(directory.get(), "lock", LockMode::exclusive);
        if (is_container_id(id)) end_leftovers_of(engine, id);
    }
}

/// Ours, and those that containers of the store were made with; what cannot be read is passed over.
std::set<std::string> run_roots(const Engine& engine) {
    std::set<std::string> roots{engine.run_root()};
    for (const std::string& id : container_ids(engine)) {
        try {
            if (const auto record = ContainerFiles(engine, id).find_record();
                record && !record->run_root.empty())
                roots.insert(record->run_root);
        } catch (const Error&) {
            // A damaged record: `reset` is there for that.
        }
    }
    return roots;
}

/// Containers whose run directory was taken away.
void kill_without_sockets(const Engine& engine) {
    for (const std::string& id : container_ids(engine)) {
        try {
            signal_by_state(ContainerFiles(engine, id).current_state(), SIGKILL);
        } catch (const Error&) {
            // A damaged state names nobody.
        }
    }
}

/// Removes our sockets, and the directory when nothing else is in it: `--runroot /run` by mistake
/// must not cost a system.
void remove_run_directory(const std::string& path) {
    const Fd run = find_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!run.valid()) return;
    for (const std::string& name : list_directory(run.get())) {
        if (is_run_entry(name)) unlinkat(run.get(), name.c_str(), 0);
    }
    rmdir(path.c_str());
}

std::vector<std::string> store_entries(const Fd& root) {
    std::vector<std::string> names = list_directory(root.get());
    std::erase_if(names, [](const std::string& name) { return !storage::is_store_entry(name); });
    return names;
}

/// What is skiff's in it, and the directory unless it holds something else. A command that began a
/// moment ago may still make good what it takes for a damaged store; it does that once.
void remove_store(const std::string& path) {
    constexpr int most_attempts = 10;
    const Fd root = open_file(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    for (int attempt = 1;; ++attempt) {
        try {
            for (const std::string& name : store_entries(root)) remove_tree(root.get(), name);
        } catch (const SystemError& error) {
            if (error.errno_value() != ENOTEMPTY || attempt == most_attempts) throw;
        }
        if (rmdir(path.c_str()) == 0) return;
        if (errno != ENOTEMPTY && errno != EBUSY)
            throw SystemError(errno, "cannot remove '{}'", path);
        if (store_entries(root).empty()) return;
    }
}

/// Layers belong to subordinate ids, which only root of the store's user namespace may remove.
/// Where there can be no such namespace, at least what is the caller's own goes.
void remove_as_namespace_root(const Engine& engine) {
    try {
        runtime::run_in_user_namespace(caller_id_maps(), [&] {
            remove_store(engine.root());
            return 0;
        });
    } catch (const Error& error) {
        std::string stays;
        const Fd root = find_at(AT_FDCWD, engine.root(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        for (const std::string& name :
             root.valid() ? store_entries(root) : std::vector<std::string>{}) {
            try {
                remove_tree(root.get(), name);
            } catch (const Error&) {
                stays += (stays.empty() ? "" : ", ") + name;
            }
        }
        if (stays.empty() && (rmdir(engine.root().c_str()) == 0 || errno == ENOTEMPTY)) return;
        throw Error(error.kind(), "of '{}' stays what belongs to other ids than yours ({}): {}",
                    engine.root(), stays, error.message());
    }
}

}  // namespace

void reset_system(const Engine& engine) {
    struct stat status{};
    const bool exists = lstat(engine.root().c_str(), &status) == 0;
    if (exists && !S_ISDIR(status.st_mode))
        throw Error(ErrorKind::invalid, "'{}' is not a directory", engine.root());
    // `--root /home/me` by mistake must not cost a home.
    if (exists)
        with_context([&] { storage::refuse_foreign_directory(engine.root()); },
                     "nothing was removed");

    for (const std::string& run_root : run_roots(engine)) kill_all(run_root);
    kill_without_sockets(engine);
    if (exists) {
        wait_for_ends(engine);
        if (engine.rootless()) {
            remove_as_namespace_root(engine);
        } else {
            remove_store(engine.root());
        }
    }
    remove_run_directory(engine.run_root());
}

}  // namespace skiff::engine
