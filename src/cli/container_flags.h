// SPDX-License-Identifier: Apache-2.0
// The options that `run` and `create` share, and how they become an engine::CreateRequest.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "cli/command.h"
#include "cli/environment_flags.h"
#include "cli/port_flags.h"
#include "engine/container/request.h"

namespace skiff::cli {

/// What was typed, where it is not a finished part of the request yet.
struct ContainerFlags {
    engine::CreateRequest request;
    std::string cidfile;
    std::string entrypoint;
    bool entrypoint_given = false;
    std::vector<std::string> label_files;
    std::vector<std::string> env_files;
    EnvironmentFlags environment;
    std::vector<std::string> secrets;
    bool disable_content_trust = true;  ///< no effect either way
    PortFlags ports;
    std::vector<std::string> security_options;
    std::vector<std::string> tmpfs;
    std::vector<std::string> volumes;
    std::string network;
    std::string pull = "missing";
    bool quiet = false;
    std::string runtime;
};

/// Declares the options of `create`; `run` adds its own. The last argument is the image and its
/// command.
void declare_container_flags(CommandBuilder& command, ContainerFlags& flags);

/// The request, checked. Reads what options name: environment files, a seccomp profile, PATH for
/// --runtime. Throws Error: usage, unsupported, SystemError.
engine::CreateRequest make_request(const ContainerFlags& flags);

}  // namespace skiff::cli
