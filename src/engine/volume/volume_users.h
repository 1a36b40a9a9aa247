// SPDX-License-Identifier: Apache-2.0
// Which containers use which volumes: what their records say, and nothing else.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "engine/container/container_files.h"
#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

/// Ids of containers by the names of the volumes that they mount.
struct VolumeUsers {
    std::map<std::string, std::vector<std::string>> containers;
    /// Of containers whose records cannot be read: what they use is not known.
    std::vector<std::string> damaged;
};
VolumeUsers volume_users(const Engine& engine);

/// Throws Error{in_use} naming a container whose record is damaged, when there is one: nobody knows
/// what it uses.
void require_known_users(const VolumeUsers& users);

/// Moves the anonymous volumes of the container to the trash, but for those that another container
/// uses too, and returns the paths to be deleted. The caller holds lock_volumes exclusively, until
/// the container itself is gone: of two containers that share a volume the last takes it along.
std::vector<std::string> discard_anonymous_volumes(const Engine& engine,
                                                   const ContainerRecord& record);
bool has_anonymous_volumes(const ContainerRecord& record);

struct Discarded {
    std::string container;  ///< paths in the trash, to be deleted
    std::vector<std::string> volumes;
};
/// discard_container, and with `volumes` its anonymous volumes before it: a process that is killed
/// in between leaves a container that is removed again, and no volume that is nobody's.
Discarded discard_with_volumes(const Engine& engine, const ContainerFiles& files,
                               const ContainerRecord& record, bool volumes);

}  // namespace skiff::engine
