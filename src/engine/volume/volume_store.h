// SPDX-License-Identifier: Apache-2.0
// Volumes on disk: directories that outlive containers.
//
//     data/volumes/<name>/_data         what containers see
//     data/volumes/<name>/volume.json   the record: driver, options, labels
//     data/volumes/<name>/lock          held by who fills it from an image (populate.h)
//     data/volumes/.lock                see lock_volumes
//     data/volumes/.new-…               one that is being made
//
// A volume appears by one rename, with its record, and disappears by one to trash/. Which
// containers use it is asked of their records (volume_users.h): there is no count that could be
// wrong.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/file.h"
#include "base/file_lock.h"
#include "base/timestamp.h"
#include "engine/engine.h"

namespace skiff::engine {

inline constexpr const char* volume_data_name = "_data";
/// Docker's mark of a volume that nobody gave a name; `prune` takes those.
inline constexpr const char* anonymous_volume_label = "com.docker.volume.anonymous";

struct VolumeRecord {
    std::string name;
    Timestamp created{};
    std::string driver = "local";
    std::map<std::string, std::string> labels;
    /// Of the driver: "type", "device", "o" are those of mount(8). Empty: a plain directory.
    std::map<std::string, std::string> options;

    bool is_anonymous() const { return labels.contains(anonymous_volume_label); }
};

/// Throws Error{usage} with Docker's words for what is no name of a volume.
void check_volume_name(std::string_view name);
/// Throws with Docker's words: Error{not_found} for a driver other than "local", Error{invalid} for
/// options that it does not have.
void check_volume_driver(const std::string& driver,
                         const std::map<std::string, std::string>& options);

/// Shared: held from the look at volumes until a container's record names them, so that none is
/// removed in between. Exclusive: held from the look at all records until a volume is gone. Lock
/// order: container, volumes, store.
FileLock lock_volumes(const Engine& engine, LockMode mode);

/// False when there is one of this name already, which is then left as it is. The caller holds
/// lock_volumes.
bool make_volume(const Engine& engine, const VolumeRecord& record, Durability durability);

/// Nothing when there is none. Throws Error{invalid} naming the file when its record is damaged.
std::optional<VolumeRecord> find_volume(const Engine& engine, const std::string& name);
/// Throws Error{not_found} "get NAME: no such volume".
VolumeRecord get_volume(const Engine& engine, const std::string& name);
/// Also of those whose record is damaged; in the order in which people count.
std::vector<std::string> volume_names(const Engine& engine);
bool volume_exists(const Engine& engine, const std::string& name);

/// data/volumes/<name>/_data.
std::string volume_data_path(const Engine& engine, const std::string& name);
/// The directory data/volumes/<name> itself, never through a link. Throws Error{not_found}.
Fd open_volume(const Engine& engine, const std::string& name);
/// Its _data, O_RDONLY. Throws Error{invalid} where it was replaced by something else.
Fd open_volume_data(int volume, const std::string& name);

/// Moves the volume to the trash and returns the path to be deleted, "" when there is none. The
/// caller holds lock_volumes exclusively.
std::string discard_volume(const Engine& engine, const std::string& name);
/// Removes what killed makers left. The caller holds lock_volumes exclusively.
void sweep_volumes(const Engine& engine);

}  // namespace skiff::engine
