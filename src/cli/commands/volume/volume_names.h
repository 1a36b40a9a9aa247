// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace skiff::cli {

std::vector<std::string> ask_volumes(const engine::EngineOptions& options);
namespace complete {
inline constexpr Completer volumes{.kind = Completer::Kind::ask, .ask = ask_volumes};
}

}  // namespace skiff::cli
