// SPDX-License-Identifier: Apache-2.0
// What the shell may offer where a container is named.
#pragma once

#include "cli/command.h"

namespace skiff::cli {

std::vector<std::string> ask_containers(const engine::EngineOptions& options);
std::vector<std::string> ask_running_containers(const engine::EngineOptions& options);

namespace complete {
inline constexpr Completer containers{
    .kind = Completer::Kind::ask, .choices = {}, .ask = ask_containers};
inline constexpr Completer running_containers{
    .kind = Completer::Kind::ask, .choices = {}, .ask = ask_running_containers};
}  // namespace complete

}  // namespace skiff::cli
