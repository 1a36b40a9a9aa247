// SPDX-License-Identifier: Apache-2.0
// --log-driver and --log-opt: which there are, and what they mean for one container. Only the
// person who creates a container chooses them; nothing of an image does.
#pragma once

#include <string>

#include "engine/container/record.h"
#include "monitor/log_file.h"

namespace skiff::engine {

inline constexpr std::string_view default_log_driver = "json-file";
inline constexpr std::string_view passthrough_log_driver = "passthrough";

/// Throws Error{invalid} with Docker's texts for drivers, options and values that nobody has,
/// Error{unsupported} for those that Docker has and skiff has not.
void check_log_request(const LogRequest& request);

/// Whether output is kept in files at all: the drivers json-file and local, and beside a log server
/// for `logs` (Docker's dual logging) unless cache-disabled=true.
bool keeps_log(const LogRequest& request);
/// Of a driver that keeps a log.
monitor::LogFormat log_format(const LogRequest& request);

/// How the monitor writes it. Without options a log takes 2 files of 16 MiB at most; Docker's has
/// no limit. Throws Error{invalid} when labels, env and tag are too much for one entry.
monitor::LogSettings log_settings(const ContainerRecord& record);

/// What labels, env and tag select, as `logs --details` shows it: "key=value,key=value" in the form
/// of a URL's query (moby, daemon/server/httputils WriteLogStream).
std::string log_details(const ContainerRecord& record);

}  // namespace skiff::engine
