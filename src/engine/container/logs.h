// SPDX-License-Identifier: Apache-2.0
// What a container wrote.
#pragma once

#include <functional>
#include <string>

#include "engine/engine.h"
#include "monitor/log_reader.h"

namespace skiff::engine {

struct LogReading {
    monitor::LogQuery query{};
    bool follow = false;  ///< go on until the container has ended
    /// With `follow`: as in monitor::LogFollow.
    std::function<void()> before_wait{};
    int output_fd = -1;
};

/// Reads the log from its beginning to its end. Throws Error: not_found; invalid, with Docker's
/// words, when the container's driver keeps none.
void read_container_log(const Engine& engine, const std::string& name, const LogReading& reading,
                        const monitor::LogSink& sink);

/// What `--details` shows in front of each line of this container, without the blank behind it.
/// Throws Error{not_found}.
std::string container_log_details(const Engine& engine, const std::string& name);

}  // namespace skiff::engine
