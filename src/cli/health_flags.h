// SPDX-License-Identifier: Apache-2.0
// --health-* and --no-healthcheck of `run` and `create`.
#pragma once

#include "cli/command.h"
#include "engine/container/request.h"

namespace skiff::cli {

void declare_health_flags(CommandBuilder& command, engine::HealthRequest& health);
/// Throws Error{usage} in Docker's words.
void check_health(const engine::HealthRequest& health);

}  // namespace skiff::cli
