// SPDX-License-Identifier: Apache-2.0
// The options of `run` and `create` about ports.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"
#include "engine/container/request.h"

namespace skiff::cli {

/// As typed.
struct PortFlags {
    std::vector<std::string> publish;
    std::vector<std::string> expose;
};

void declare_port_flags(CommandBuilder& command, PortFlags& flags, engine::CreateRequest& request);

/// Into `request`. Throws Error: usage, unsupported.
void apply_port_flags(const PortFlags& flags, engine::CreateRequest& request);

/// A line on standard error for ports that mean nothing in the network that was chosen.
void warn_of_discarded_ports(const engine::CreateRequest& request);

}  // namespace skiff::cli
