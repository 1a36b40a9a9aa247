// SPDX-License-Identifier: Apache-2.0
#include "engine/container/container_files.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "engine/container/restart_policy.h"
#include "engine/container/storage_limit.h"
#include "engine/shared_namespace.h"
#include "storage/store.h"

namespace skiff::engine {
namespace {

constexpr size_t document_limit = 16U << 20U;
constexpr int killed = 128 + 9;
constexpr const char* required_mark = "required";

std::string containers_path(const Engine& engine) {
    return engine.root() + "/containers";
}

bool is_id_text(std::string_view text) {
    return !text.empty() && text.size() <= 64 &&
           text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool exists(const std::string& path) {
    return access(path.c_str(), F_OK) == 0;
}

/// Whether the container `id` holds `name`: its record says so, or a creator is at work and may.
bool holds_name(const Engine& engine, const std::string& id, const std::string& name) {
    const std::string path = containers_path(engine) + "/" + id;
    const Fd directory = find_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!directory.valid()) return false;
    auto text = find_file(directory.get(), "config.json", document_limit);
    if (!text) {
        if (is_locked(directory.get(), "lock")) return true;
        // It may have appeared, and its creator finished, between the two looks.
        text = find_file(directory.get(), "config.json", document_limit);
        if (!text) return false;
    }
    return parse_record(*text, fmt::format("the record of container {}", id)).name == name;
}

/// `directory` is what `name` in `parent` is now.
bool is_at(int parent, const std::string& name, int directory) {
    struct stat there{};
    struct stat ours{};
    return fstatat(parent, name.c_str(), &there, AT_SYMLINK_NOFOLLOW) == 0 &&
           fstat(directory, &ours) == 0 && there.st_dev == ours.st_dev &&
           there.st_ino == ours.st_ino;
}

[[noreturn]] void refuse_name(const std::string& name, const std::string& id) {
    throw Error(ErrorKind::conflict,
                "Conflict. The container name {} is already in use by container {}. You have to "
                "remove that container (skiff rm {}) to be able to reuse that name",
                quoted("/" + name), quoted(id), name);
}

/// On a full disk: the new state over the old one, whose block the file already has. Blanks fill up
/// what the old one had more.
void overwrite_in_place(int directory, std::string text) {
    const Fd file = open_at(directory, "state.json", O_RDWR | O_NOFOLLOW);
    struct stat status{};
    if (fstat(file.get(), &status) < 0) throw SystemError(errno, "cannot inspect 'state.json'");
    if (text.size() < static_cast<size_t>(status.st_size))
        text.resize(static_cast<size_t>(status.st_size), ' ');
    write_all(file.get(), text, "'state.json'");
    if (fdatasync(file.get()) < 0) throw SystemError(errno, "cannot sync 'state.json'");
}

}  // namespace

ContainerFiles::ContainerFiles(const Engine& engine, std::string id)
    : id_(std::move(id)),
      path_(containers_path(engine) + "/" + id_),
      directory_(find_at(AT_FDCWD, path_, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)) {
    if (!directory_.valid()) throw Error(ErrorKind::not_found, "No such container: {}", id_);
}

std::string ContainerFiles::volumes_path() const {
    constexpr std::string_view folder = "/containers/";
    return path_.substr(0, path_.size() - id_.size() - folder.size()) + "/volumes";
}

std::optional<ContainerRecord> ContainerFiles::find_record() const {
    const auto text = find_regular_file(directory_.get(), "config.json", document_limit);
    if (!text) return std::nullopt;
    return parse_record(*text, fmt::format("the record of container {}", id_));
}

ContainerRecord ContainerFiles::record() const {
    auto record = find_record();
    if (!record) throw Error(ErrorKind::not_found, "No such container: {}", id_);
    return std::move(*record);
}

void ContainerFiles::write_record(const ContainerRecord& record, Durability durability) const {
    replace_file(directory_.get(), "config.json", to_document(record), 0600, durability);
}

ContainerState ContainerFiles::stored_state() const {
    const auto text = find_regular_file(directory_.get(), "state.json", document_limit);
    if (!text) return {};
    return parse_state(*text, fmt::format("the state of container {}", id_));
}

void ContainerFiles::refuse_newer_state() const {
    try {
        stored_state();
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid) throw;
    }
}

void ContainerFiles::write_state(const ContainerState& state, Durability durability) const {
    const std::string text = to_document(state);
    try {
        replace_file(directory_.get(), "state.json", text, 0600, durability);
    } catch (const SystemError& error) {
        if (error.errno_value() != ENOSPC && error.errno_value() != EDQUOT) throw;
        if (!find_at(directory_.get(), "state.json", O_PATH | O_NOFOLLOW).valid()) throw;
        overwrite_in_place(directory_.get(), text);
    }
}

ContainerState ContainerFiles::current_state() const {
    ContainerState state = stored_state();
    if (!is_active(state.status)) return state;
    if (is_locked(directory_.get(), "lock") || open_program(state).valid()) return state;
    // The monitor may have written its last word between our look at the file and at the lock.
    state = stored_state();
    return is_active(state.status) ? without_monitor(std::move(state)) : state;
}

ContainerState without_monitor(ContainerState state) {
    state.status = ContainerStatus::exited;
    state.paused = false;
    state.pid = 0;
    state.exit_code = killed;
    if (state.error.empty()) state.error = "its monitor was killed";
    return state;
}

std::optional<FileLock> ContainerFiles::try_lock() const {
    auto lock = FileLock::attempt(directory_.get(), "lock", LockMode::exclusive);
    if (lock && open_recorded_program().valid()) return std::nullopt;
    return lock;
}

/// Asked while somebody else has the lock, or while the program lives although nobody has it.
bool ContainerFiles::runs_on() const {
    const ContainerState state = current_state();
    if (!is_active(state.status)) return false;
    // A program that has ended, but for its monitor's last word: what that will be is not known. (Of
    // one that another runtime made the process may not be known.)
    if (state.status == ContainerStatus::running && state.pid > 1 && !open_program(state).valid())
        return false;
    // Killed, and the kernel is at work on what it leaves.
    return is_locked(directory_.get(), "lock") || open_monitor(state).valid();
}

std::optional<FileLock> ContainerFiles::lock_when_idle() const {
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::seconds patience{30};
    constexpr std::chrono::milliseconds pause{2};
    const auto begin = Clock::now();
    // What is killed or has ended is gone by then. What still is active then runs: its program has
    // outlived the monitor, or its processes cannot be seen from here.
    constexpr std::chrono::seconds doubt{3};
    for (;;) {
        try {
            if (auto lock = try_lock()) return lock;
        } catch (const SystemError& error) {
            if (error.errno_value() != ENOENT) throw;
            return FileLock();  // its directory was deleted
        }
        if (runs_on()) return std::nullopt;
        const auto waited = Clock::now() - begin;
        if (waited > doubt && is_active(current_state().status)) return std::nullopt;
        if (waited > patience)
            throw Error(ErrorKind::in_use, "container {} is being changed by another command",
                        id_.substr(0, 12));
        // There is no event for the end of a lock but the lock, and who holds it may keep it for as
        // long as a container runs.
        std::this_thread::sleep_for(pause);
    }
}

FileLock ContainerFiles::wait_lock() const {
    FileLock lock;
    try {
        lock = FileLock::wait(directory_.get(), "lock", LockMode::exclusive);
    } catch (const SystemError& error) {
        // Its monitor removed the container (--rm) and has deleted the directory meanwhile: there
        // is nothing left to lock.
        if (error.errno_value() != ENOENT) throw;
        return lock;
    }
    if (const Fd program = open_recorded_program(); program.valid()) {
        pollfd entry{program.get(), POLLIN, 0};
        while (poll(&entry, 1, -1) < 0 && errno == EINTR) {
        }
    }
    return lock;
}

bool ContainerFiles::has_program() const {
    return open_recorded_program().valid();
}

/// The program that state.json says runs, if it does. With the lock in our hands that means that
/// the file was deleted or replaced and the monitor holds the old one, which nobody can ask any
/// more: a second monitor would mount the writable layer twice.
Fd ContainerFiles::open_recorded_program() const {
    try {
        return open_program(stored_state());
    } catch (const Error& error) {
        // A damaged state names nobody.
        if (error.kind() != ErrorKind::invalid && error.kind() != ErrorKind::unsupported) throw;
        return Fd();
    }
}

namespace {

Fd open_process(std::int64_t pid, std::uint64_t start_time) {
    if (pid <= 1) return Fd();
    Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)));
    // Asked after the pidfd is open: what has this start time is what the pidfd names.
    if (!pidfd.valid() || process_start_time(static_cast<pid_t>(pid)) != start_time) return Fd();
    // Ended, and not yet waited for.
    pollfd entry{pidfd.get(), POLLIN, 0};
    if (poll(&entry, 1, 0) != 0) return Fd();
    return pidfd;
}

}  // namespace

Fd open_program(const ContainerState& state) {
    if (state.status != ContainerStatus::running || state.boot_id != boot_id()) return Fd();
    return open_process(state.pid, state.pid_start_time);
}

Fd open_monitor(const ContainerState& state) {
    if (!is_active(state.status) || state.boot_id != boot_id()) return Fd();
    return open_process(state.monitor_pid, state.monitor_start_time);
}

NewContainer make_container_directory(const Engine& engine, const std::string& id) {
    open_data_directory(engine);
    refuse_other_kind_of_store(engine);
    const Fd containers = open_private_directory(containers_path(engine));
    // Between mkdir and lock, a command that repairs may take it for what a killed creator left, and
    // removes it; the next attempt makes it anew. Who looks at the wrong moment ten times in a row
    // is no accident.
    constexpr int most_attempts = 10;
    for (int attempt = 1;; ++attempt) {
        if (mkdirat(containers.get(), id.c_str(), 0700) < 0 && errno != EEXIST)
            throw SystemError(errno, "cannot make the directory of container {}", id);
        try {
            ContainerFiles files(engine, id);
            FileLock lock = FileLock::wait(files.directory(), "lock", LockMode::exclusive);
            if (is_at(containers.get(), id, files.directory()))
                return {std::move(files), std::move(lock)};
        } catch (const Error& error) {
            const auto* system = dynamic_cast<const SystemError*>(&error);
            const bool gone = error.kind() == ErrorKind::not_found ||
                              (system != nullptr && system->errno_value() == ENOENT);
            if (!gone) throw;
        }
        if (attempt == most_attempts)
            throw Error(ErrorKind::in_use,
                        "the directory of container {} is taken away again and again", id);
    }
}

namespace {

FileLock lock_names(int names) {
    return FileLock::wait(names, ".repair", LockMode::exclusive);
}

/// As holds_name; a record that cannot be read may.
bool may_hold_name(const Engine& engine, const std::string& id, const std::string& name) {
    try {
        return holds_name(engine, id, name);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid && error.kind() != ErrorKind::unsupported) throw;
        return true;
    }
}

/// Under that lock: replaces a link that counts for nothing.
void take_over_name(const Engine& engine, int names, const std::string& name,
                    const std::string& id) {
    const auto holder = find_link(names, name);
    if (holder && holds_name(engine, *holder, name)) refuse_name(name, *holder);
    const std::string temporary = "." + id;
    if (symlinkat(id.c_str(), names, temporary.c_str()) < 0 && errno != EEXIST)
        throw SystemError(errno, "cannot take the name '{}'", name);
    if (renameat(names, temporary.c_str(), names, name.c_str()) < 0)
        throw SystemError(errno, "cannot take the name '{}'", name);
}

/// A link that a killed rename left does not name its container. A record that cannot be read does
/// not contradict.
bool agrees(const ContainerFiles& files, const std::string& name) {
    try {
        const auto record = files.find_record();
        return record && record->name == name;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid && error.kind() != ErrorKind::unsupported) throw;
        return true;
    }
}

}  // namespace

void claim_name(const Engine& engine, const std::string& name, const std::string& id) {
    const Fd names = open_private_directory(engine.root() + "/names");
    if (symlinkat(id.c_str(), names.get(), name.c_str()) == 0) return;
    if (errno != EEXIST) throw SystemError(errno, "cannot take the name '{}'", name);

    // One repair at a time: two that find the same stale link must not both think that they took
    // it.
    const FileLock repair = lock_names(names.get());
    take_over_name(engine, names.get(), name, id);
}

void change_name(const Engine& engine, const ContainerFiles& files, const std::string& name) {
    const Fd names = open_private_directory(engine.root() + "/names");
    const FileLock repair = lock_names(names.get());
    ContainerRecord record = files.record();
    files.refuse_newer_state();
    if (!exists(files.path()))
        throw Error(ErrorKind::not_found, "No such container: {}", record.name);
    if (record.name == name)
        throw Error(ErrorKind::conflict,
                    "Renaming a container with the same name as its current name");
    // Link, record, link. Without the record's word the new link counts for nothing and may be
    // replaced by whoever wants the name, but not before we give the lock up; with it, the old one
    // counts for nothing.
    if (symlinkat(files.id().c_str(), names.get(), name.c_str()) < 0) {
        if (errno != EEXIST) throw SystemError(errno, "cannot take the name '{}'", name);
        with_context([&] { take_over_name(engine, names.get(), name, files.id()); },
                     "Error when allocating new name");
    }
    const std::string before = std::exchange(record.name, name);
    files.write_record(record, record.request.auto_remove ? Durability::none : Durability::sync);
    if (find_link(names.get(), before) == files.id()) unlinkat(names.get(), before.c_str(), 0);
}

ContainerRecord update_record(const Engine& engine, const ContainerFiles& files,
                              const std::function<void(ContainerRecord&)>& change,
                              Durability durability) {
    const Fd names = open_private_directory(engine.root() + "/names");
    const FileLock repair = lock_names(names.get());
    ContainerRecord record = files.record();
    change(record);
    files.write_record(record, durability);
    return record;
}

void repair_names(const Engine& engine) {
    const Fd names = find_at(AT_FDCWD, engine.root() + "/names", O_RDONLY | O_DIRECTORY);
    const Fd containers = find_at(AT_FDCWD, containers_path(engine), O_RDONLY | O_DIRECTORY);
    if (!names.valid() || !containers.valid()) return;
    const auto is_link = [](const std::string& name) { return name != ".repair"; };
    const auto count = [&] {
        const std::vector<std::string> all = list_directory(names.get());
        return static_cast<size_t>(std::ranges::count_if(all, is_link));
    };
    if (count() <= list_directory(containers.get()).size()) return;
    const FileLock repair = lock_names(names.get());
    for (const std::string& name : list_directory(names.get())) {
        if (!is_link(name)) continue;
        const auto holder = find_link(names.get(), name);
        // Links that begin with a dot are on their way to a name, under this lock.
        if (!holder || (name[0] != '.' && may_hold_name(engine, *holder, name))) continue;
        unlinkat(names.get(), name.c_str(), 0);
    }
}

bool name_is_taken(const Engine& engine, const std::string& name) {
    const auto holder = find_link(AT_FDCWD, engine.root() + "/names/" + name);
    return holder && holds_name(engine, *holder, name);
}

bool is_container_id(std::string_view text) {
    return text.size() == 64 && is_id_text(text);
}

ContainerFiles find_container(const Engine& engine, const std::string& text) {
    const std::string wanted = text.starts_with('/') ? text.substr(1) : text;
    if (!wanted.empty() && wanted.find('/') == std::string::npos && wanted[0] != '.') {
        if (const auto id = find_link(AT_FDCWD, engine.root() + "/names/" + wanted);
            id && is_id_text(*id)) {
            const std::string record = containers_path(engine) + "/" + *id + "/config.json";
            if (exists(record)) {
                ContainerFiles files(engine, *id);
                if (agrees(files, wanted)) return files;
            }
        }
    }
    if (is_id_text(wanted)) {
        const std::vector<std::string> matches = container_ids(engine, wanted);
        if (matches.size() > 1)
            throw Error(ErrorKind::conflict,
                        "the id prefix {} is ambiguous: {} containers begin with it",
                        quoted(wanted), matches.size());
        if (matches.size() == 1) return ContainerFiles(engine, matches[0]);
    }
    throw Error(ErrorKind::not_found, "No such container: {}", printable(text));
}

std::vector<std::string> container_ids(const Engine& engine, std::string_view prefix) {
    const Fd containers = find_at(AT_FDCWD, containers_path(engine), O_RDONLY | O_DIRECTORY);
    if (!containers.valid()) {
        storage::require_directory_or_nothing(engine.root());
        return {};
    }
    std::vector<std::string> ids = list_directory(containers.get());
    std::erase_if(ids, [&](const std::string& id) {
        return !id.starts_with(prefix) || !is_container_id(id) ||
               faccessat(containers.get(), (id + "/config.json").c_str(), F_OK, 0) != 0;
    });
    return ids;
}

std::vector<std::string> ids_in_the_making(const Engine& engine) {
    const Fd containers = find_at(AT_FDCWD, containers_path(engine), O_RDONLY | O_DIRECTORY);
    if (!containers.valid()) return {};
    std::vector<std::string> ids = list_directory(containers.get());
    std::erase_if(ids, [&](const std::string& id) {
        return !is_container_id(id) || !is_locked(containers.get(), id + "/lock") ||
               faccessat(containers.get(), (id + "/config.json").c_str(), F_OK, 0) == 0;
    });
    return ids;
}

std::string name_leading_to(const Engine& engine, const std::string& id) {
    const Fd names = find_at(AT_FDCWD, engine.root() + "/names", O_RDONLY | O_DIRECTORY);
    if (!names.valid()) return "";
    for (const std::string& name : list_directory(names.get()))
        if (name[0] != '.' && find_link(names.get(), name) == id) return name;
    return "";
}

namespace {

/// Under the repair lock: between our look and the removal nobody may put another link there.
void free_name(const Engine& engine, const std::string& name, const std::string& id) {
    if (name.empty()) return;
    const Fd names = open_private_directory(engine.root() + "/names");
    const FileLock repair = lock_names(names.get());
    if (find_link(names.get(), name) == id) unlinkat(names.get(), name.c_str(), 0);
}

}  // namespace

void mark_required(const ContainerFiles& files) {
    open_at(files.directory(), required_mark, O_WRONLY | O_CREAT | O_NOFOLLOW, 0600);
}

bool is_marked_required(const ContainerFiles& files) {
    return faccessat(files.directory(), required_mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

std::string discard_container(const Engine& engine, const ContainerFiles& files,
                              const std::string& name) {
    release_storage_limit(files);
    open_private_directory(engine.root() + "/trash");
    const std::string target = fmt::format("{}/trash/{}", engine.root(), files.id());
    if (rename(files.path().c_str(), target.c_str()) < 0) {
        if (errno == ENOENT) return {};
        throw SystemError(errno, "cannot remove container {}", files.id());
    }
    forget_wanted(engine, files.id());
    // The name goes last: a link without a record is stale and may be replaced by anybody, while a
    // record without its link could not be named any more.
    free_name(engine, name, files.id());
    return target;
}

void delete_trash(const std::string& path) {
    if (path.empty()) return;
    remove_tree(AT_FDCWD, path);
}

void free_names_of(const Engine& engine, const std::string& id) {
    const Fd names = find_at(AT_FDCWD, engine.root() + "/names", O_RDONLY | O_DIRECTORY);
    if (!names.valid()) return;
    const FileLock repair = FileLock::wait(names.get(), ".repair", LockMode::exclusive);
    for (const std::string& name : list_directory(names.get()))
        if (find_link(names.get(), name) == id) unlinkat(names.get(), name.c_str(), 0);
}

}  // namespace skiff::engine
