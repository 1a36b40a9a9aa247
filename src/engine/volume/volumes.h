// SPDX-License-Identifier: Apache-2.0
// What a user does with volumes by name.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/engine.h"
#include "engine/volume/volume_store.h"

namespace skiff::engine {

struct VolumeRequest {
    std::string name;  ///< "" : a random one, and the volume counts as anonymous
    std::string driver;
    std::map<std::string, std::string> options;
    std::map<std::string, std::string> labels;
};
/// Returns its name. One that exists is left as it is, as Docker has it. Throws what
/// check_volume_name and check_volume_driver throw, with "create NAME: " in front.
std::string create_volume(const Engine& engine, const VolumeRequest& request);

struct VolumeSummary {
    VolumeRecord record;
    std::string mountpoint;
    bool in_use = false;  ///< by a container, running or not
};
/// In the order in which people count. A damaged one is told of (Engine::warn) and listed with its
/// name. `with_users`: whether `in_use` is asked for, which reads all containers.
std::vector<VolumeSummary> list_volumes(const Engine& engine, bool with_users);

/// One object of Docker's inspect array. Throws Error{not_found}.
nlohmann::json inspect_volume(const Engine& engine, const std::string& name);

/// Throws Error{not_found}, unless `force`, and Error{in_use}, with Docker's words.
void remove_volume(const Engine& engine, const std::string& name, bool force);

struct PrunedVolumes {
    std::vector<std::string> names;
    std::uint64_t reclaimed = 0;  ///< bytes of their files
};
/// Removes the volumes that no container uses and that `wanted` agrees to. Damaged ones stay.
PrunedVolumes prune_volumes(const Engine& engine,
                            const std::function<bool(const VolumeRecord&)>& wanted);

/// Bytes in the files of each volume, as root of the store's user namespace where there is one.
std::map<std::string, std::uint64_t> volume_sizes(const Engine& engine,
                                                  const std::vector<std::string>& names);

/// Deletes what discard_volume returned; what cannot be deleted now waits in the trash, and the
/// caller is warned.
void delete_discarded_volumes(const Engine& engine, const std::vector<std::string>& trash);

}  // namespace skiff::engine
