// SPDX-License-Identifier: Apache-2.0
// The options of `run` and `create` that podman has beside Docker's, and Docker's for other
// systems.
#pragma once

#include "cli/command.h"
#include "engine/container/request.h"

namespace skiff::cli {

void declare_extra_flags(CommandBuilder& command, engine::CreateRequest& request);
/// What Docker takes for Windows, or has given up, with its effect on Linux.
void declare_foreign_flags(CommandBuilder& command, engine::Resources& resources,
                           bool& disable_content_trust);
/// --preserve-fds and --preserve-fd, of `run` alone: they are the caller's.
void declare_preserved_descriptors(CommandBuilder& command, std::vector<int>& numbers);

/// Throws Error{usage} for options that exclude each other.
void check_extra_flags(const engine::CreateRequest& request);

}  // namespace skiff::cli
