// SPDX-License-Identifier: Apache-2.0
// Limits of resources: -m, --cpus, --pids-limit and the others, of `run`, `create` and `update`.
#pragma once

#include "cli/command.h"
#include "engine/container/resources.h"

namespace skiff::cli {

/// Those that `update` has as well.
void declare_resource_flags(CommandBuilder& command, engine::Resources& resources);
/// Those that are chosen once, when a container is made.
void declare_fixed_resource_flags(CommandBuilder& command, engine::Resources& resources);

}  // namespace skiff::cli
