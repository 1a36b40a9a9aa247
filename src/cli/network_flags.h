// SPDX-License-Identifier: Apache-2.0
// The options of `run` and `create` that say how a container is connected.
#pragma once

#include <string>
#include <string_view>

#include "cli/command.h"
#include "engine/container/request.h"

namespace skiff::cli {

/// `network` takes the value of --network, for set_network.
void declare_network_flags(CommandBuilder& command, engine::CreateRequest& request,
                           std::string& network);

/// --network VALUE: a mode, for slirp with options; "" is "default". Throws Error of kind usage or
/// unsupported.
void set_network(engine::CreateRequest& request, std::string_view value);

}  // namespace skiff::cli
