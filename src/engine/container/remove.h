// SPDX-License-Identifier: Apache-2.0
// Removing containers, and what killed processes left of them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "engine/container/lifecycle.h"
#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

struct RemoveOptions {
    bool force = false;  ///< kill it first
    /// With force: seconds between the container's stop signal and SIGKILL, -1: for ever; nothing:
    /// SIGKILL at once.
    std::optional<int> timeout_seconds = {};
    bool volumes = false;     ///< its anonymous volumes too, unless another container uses them
    bool dependents = false;  ///< first those that name it in --requires, and those that name them
    bool waits = true;  ///< for the end of what is at work on it; false: Error{in_use} at once
    /// Called with the id of each such container when it is gone.
    std::function<void(const std::string& id)> removed_dependent = {};
};
/// Throws Error{in_use} for a running container without force, Error{conflict} for one that others
/// require (also with force), Error{not_found}. The name is free
/// on return; deleting the files of a large container goes on until then, too.
void remove_container(const Engine& engine, const std::string& name, const RemoveOptions& options);

struct PrunedContainers {
    std::vector<std::string> ids;
    std::uint64_t reclaimed = 0;  ///< bytes of the files that they had made or changed
};
/// Removes the containers that do not run and that `wanted` agrees to; one that is started or
/// removed meanwhile is passed over.
PrunedContainers prune_containers(const Engine& engine,
                                  const std::function<bool(const ContainerSummary&)>& wanted);

/// For a container that was never started and is nobody's: removes it unless somebody holds its
/// lock.
void remove_if_left(const Engine& engine, const ContainerRecord& record);

/// Removes what killed processes left: directories of containers whose creator died, --rm
/// containers whose monitor died, trash. Cheap when there is nothing to do.
void repair(const Engine& engine);

// Its parts, for whoever looks at every container anyway.
/// Whether a container whose lock nobody holds, with this state on disk, is to be removed.
bool is_leftover(const ContainerRecord& record, ContainerStatus stored);
/// `id`: any entry of data/containers.
void repair_container(const Engine& engine, const std::string& id);
void repair_names_and_trash(const Engine& engine);

}  // namespace skiff::engine
