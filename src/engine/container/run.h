// SPDX-License-Identifier: Apache-2.0
// `run`, `create` and `start`, without a word about argv or tables.
#pragma once

#include <functional>
#include <string>

#include "engine/container/request.h"
#include "engine/engine.h"

namespace skiff::engine {

/// How a foreground command ended.
struct RunResult {
    std::string id;
    int status = 0;  ///< the program's exit status; 0 when the container goes on (-d, detach keys)
    int end_signal = 0;  ///< the command itself should end by this signal (SIGPIPE when nobody
                         ///< reads it), 0: none
};

struct RunOptions {
    std::function<void(const std::string& id)> created =
        {};  ///< called once the container exists, before it starts
    std::string detach_keys = "ctrl-p,ctrl-q";
    bool signal_proxy = true;
    std::function<void(const std::string& image, bool missing)> bring = {};  ///< see create.h
};

/// Creates, starts, and unless request.detach stays in front of the container until it ends. A
/// container that could not be started is removed when request.auto_remove says so, otherwise it
/// stays as `created` with the reason in its state.
RunResult run_container(const Engine& engine, const CreateRequest& request,
                        const RunOptions& options);
/// Creates only; returns the id.
std::string create_container(
    const Engine& engine, const CreateRequest& request,
    const std::function<void(const std::string& image, bool missing)>& bring);

struct StartOptions {
    bool attach = false;
    bool interactive = false;
    std::string detach_keys = "ctrl-p,ctrl-q";
    bool signal_proxy = true;
};

/// Starts a container that exists. One that runs already is left as it is (Docker's answer).
RunResult start_container(const Engine& engine, const std::string& name,
                          const StartOptions& options);

}  // namespace skiff::engine
