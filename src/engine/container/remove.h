// SPDX-License-Identifier: Apache-2.0
// Removing containers, and what killed processes left of them.
#pragma once

#include <string>

#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

struct RemoveOptions {
    bool force = false;  ///< kill it first
};
/// Throws Error{in_use} for a running container without force, Error{not_found}. The name is free
/// on return; deleting the files of a large container goes on until then, too.
void remove_container(const Engine& engine, const std::string& name, const RemoveOptions& options);

/// For a container that was never started and is nobody's: removes it unless somebody holds its
/// lock.
void remove_if_left(const Engine& engine, const ContainerRecord& record);

/// Removes what killed processes left: directories of containers whose creator died, --rm
/// containers whose monitor died, trash. Cheap when there is nothing to do.
void repair(const Engine& engine);

}  // namespace skiff::engine
