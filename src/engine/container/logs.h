// SPDX-License-Identifier: Apache-2.0
// What a container wrote.
#pragma once

#include <string>

#include "engine/engine.h"
#include "monitor/log_reader.h"

namespace skiff::engine {

/// Reads the log from its beginning to its end, and with `follow` until the container has ended.
/// Throws Error{not_found}.
void read_container_log(const Engine& engine, const std::string& name,
                        const monitor::LogQuery& query, bool follow, const monitor::LogSink& sink);

}  // namespace skiff::engine
