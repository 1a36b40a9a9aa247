// SPDX-License-Identifier: Apache-2.0
// Which variables of the caller, and of the files that Docker keeps, a container gets or loses.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "engine/container/request.h"

namespace skiff::cli {

struct EnvironmentFlags {
    bool host = false;
    std::optional<bool> http_proxy;
    std::vector<std::string> unset;
    bool unset_all = false;
};

void declare_environment_flags(CommandBuilder& command, EnvironmentFlags& flags);

/// The proxies are Docker's: those that the user wrote for containers into `proxies` of Docker's
/// config.json. Those of the caller's own environment, which podman passes unasked, may name the
/// host's loopback or hold a password: a container gets them by --http-proxy only, and with
/// --http-proxy=false neither.
void apply_environment_flags(const EnvironmentFlags& flags, engine::CreateRequest& request);

/// The variables that a config.json has for containers, as Docker's client names them. Throws
/// Error{invalid} naming `name`.
std::vector<std::string> proxy_variables(const std::string& text, const std::string& name);

}  // namespace skiff::cli
