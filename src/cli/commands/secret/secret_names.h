// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace skiff::cli {

std::vector<std::string> ask_secrets(const engine::EngineOptions& options);
namespace complete {
inline constexpr Completer secrets{.kind = Completer::Kind::ask, .ask = ask_secrets};
}

}  // namespace skiff::cli
