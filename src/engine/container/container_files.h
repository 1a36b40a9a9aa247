// SPDX-License-Identifier: Apache-2.0
// Containers on disk: one directory each, a link per name, and the lock that says who lives.
//
//   data/containers/<id>/  config.json  state.json  lock  upper/ work/  hosts hostname resolv.conf
//   log data/names/<name>      a link whose text is the id data/trash/            what was removed
//   and is being deleted
//
// A container is visible once config.json is there. Its `lock` is held by its creator, then by its
// monitor, without a gap (the descriptor is handed over): whoever wants to start, change or repair
// a container must get it first. A directory with a free lock and no config.json is what a killed
// creator left.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/file_lock.h"
#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

class ContainerFiles {
  public:
    /// Opens the container `id`, which exists.
    ContainerFiles(const Engine& engine, std::string id);

    const std::string& id() const { return id_; }
    const std::string& path() const { return path_; }
    /// data/volumes of the same store.
    std::string volumes_path() const;
    int directory() const { return directory_.get(); }

    /// Nothing when there is none (yet).
    std::optional<ContainerRecord> find_record() const;
    ContainerRecord record() const;
    void write_record(const ContainerRecord& record, Durability durability) const;
    /// As the disk has it. `current_state` also knows whether the monitor lives.
    ContainerState stored_state() const;
    /// For what uses the container without its state. Throws Error{unsupported} when a newer skiff
    /// wrote that: it may say what the record does not. A damaged one says nothing.
    void refuse_newer_state() const;
    void write_state(const ContainerState& state, Durability durability) const;
    /// Read, then the lock asked, then read again: a container whose monitor is gone without a last
    /// word, or that an earlier boot left running, has exited with 137 (128 + SIGKILL).
    ContainerState current_state() const;

    /// Nothing while somebody holds it, and while the program still runs although the file of the
    /// lock was deleted under it.
    std::optional<FileLock> try_lock() const;
    /// For who wants a container that does not run: waits while its last run comes to its end, or
    /// another command is at work on it. Nothing: it runs (or will be started again by its policy).
    /// Not held(): it was removed meanwhile. Throws Error{in_use} after 30 seconds.
    std::optional<FileLock> lock_when_idle() const;
    FileLock wait_lock() const;
    /// The program that the state names lives, whoever has the lock.
    bool has_program() const;

  private:
    Fd open_recorded_program() const;
    bool runs_on() const;

    std::string id_;
    std::string path_;
    Fd directory_;
};

/// That some container names this one in --requires, or did. A hint, left for the remover.
void mark_required(const ContainerFiles& files);
bool is_marked_required(const ContainerFiles& files);

/// What an active state has become without a last word of its monitor: exited with 137.
ContainerState without_monitor(ContainerState state);

/// A pidfd of the program of a container that `state` says is running; invalid when that program
/// has ended.
Fd open_program(const ContainerState& state);
/// The same of its monitor, while the state is an active one.
Fd open_monitor(const ContainerState& state);

/// Makes a container's directory and takes its lock; it is not visible yet.
struct NewContainer {
    ContainerFiles files;
    FileLock lock;
};
NewContainer make_container_directory(const Engine& engine, const std::string& id);

/// Links `name` to `id`. Throws Error{conflict} with Docker's words when a live record has it; a
/// link whose record is gone, has another name, or was left by a killed creator is replaced.
void claim_name(const Engine& engine, const std::string& name, const std::string& id);
/// Gives the container another name, running or not. Whatever kills us meanwhile, it has one of the
/// two names, and the other is free. Throws Error{conflict} when it is taken.
void change_name(const Engine& engine, const ContainerFiles& files, const std::string& name);
/// Reads the record, changes and writes it, while nobody else does (a rename, a start).
ContainerRecord update_record(const Engine& engine, const ContainerFiles& files,
                              const std::function<void(ContainerRecord&)>& change,
                              Durability durability);
/// Removes links that no record agrees with, which killed processes left. Cheap when there are not
/// more links than containers.
void repair_names(const Engine& engine);
/// True when a container (or something that may become one) has the name.
bool name_is_taken(const Engine& engine, const std::string& name);

/// 64 hexadecimal digits.
bool is_container_id(std::string_view text);
/// By name, id, or unique prefix of an id. Throws Error{not_found} "No such container: …",
/// Error{conflict} when ambiguous.
ContainerFiles find_container(const Engine& engine, const std::string& text);
/// Frees every name that leads to `id`, of which nobody knows the names any more: its record is
/// missing. Looks at all names.
void free_names_of(const Engine& engine, const std::string& id);
/// Of all containers whose id begins with `prefix`.
std::vector<std::string> container_ids(const Engine& engine, std::string_view prefix = {});
/// Of containers that are not visible yet, while their creators live.
std::vector<std::string> ids_in_the_making(const Engine& engine);
/// A name whose link leads to `id`, if only on its way to a record; "" when there is none.
std::string name_leading_to(const Engine& engine, const std::string& id);

/// Frees the name and moves the directory to the trash, in this order and at once; returns the path
/// to be deleted (empty when somebody else did). The caller holds the lock.
std::string discard_container(const Engine& engine, const ContainerFiles& files,
                              const std::string& name);
/// Deletes what discard_container returned. For rootless callers outside the store's user namespace
/// files of other ids stay: see engine/store_namespace.h.
void delete_trash(const std::string& path);

}  // namespace skiff::engine
