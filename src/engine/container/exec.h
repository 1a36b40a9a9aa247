// SPDX-License-Identifier: Apache-2.0
// `exec` and `attach`: coming to a container that runs.
#pragma once

#include <string>

#include "engine/container/exec_request.h"
#include "engine/container/run.h"
#include "engine/engine.h"

namespace skiff::engine {

struct ExecOptions {
    bool detach = false;  ///< return once the program runs; its output goes nowhere
    std::string detach_keys = "ctrl-p,ctrl-q";
};

/// Runs a program in a running container and stays in front of it. A command that dies leaves the
/// program running, as in Docker. Throws Error{conflict} when the container does not run, and of
/// kind command_missing or cannot_execute for the program.
RunResult exec_in_container(const Engine& engine, const std::string& name,
                            const ExecRequest& request, const ExecOptions& options);

struct AttachRequest {
    bool input = true;  ///< false: --no-stdin
    bool signal_proxy = true;
    std::string detach_keys = "ctrl-p,ctrl-q";
};

/// Whether `name` runs on a terminal (-t). Throws Error{not_found}.
bool has_running_terminal(const Engine& engine, const std::string& name);
/// Stays in front of a running container until it ends or the keys detach.
RunResult attach_container(const Engine& engine, const std::string& name,
                           const AttachRequest& request);

}  // namespace skiff::engine
