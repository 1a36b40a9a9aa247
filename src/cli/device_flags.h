// SPDX-License-Identifier: Apache-2.0
// The options of `run` and `create` that hand devices of the host to a container.
#pragma once

#include "cli/command.h"
#include "engine/container/request.h"

namespace skiff::cli {

void declare_device_flags(CommandBuilder& command, engine::CreateRequest& request);

/// HOST[:CONTAINER][:rwm]. Throws Error{invalid} in Docker's words.
engine::DeviceRequest parse_device(std::string_view text);

/// "all", a number, or fields separated by commas: driver=, count=, device=, capabilities=; several
/// devices or capabilities are one field in double quotes. Throws Error{invalid} in Docker's words.
engine::GpuRequest parse_gpus(std::string_view text);

}  // namespace skiff::cli
