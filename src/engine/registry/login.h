// SPDX-License-Identifier: Apache-2.0
// `login` and `logout`.
#pragma once

#include <optional>
#include <string>

#include "engine/engine.h"

namespace skiff::engine {

/// "docker.io" for "", "docker.io" and Docker's own long form of it; the host of a URL; else the
/// text as it is. Throws Error{invalid}.
std::string registry_name(const std::string& typed);
/// What files and helpers know of this registry; "" when nothing.
std::string known_user(const std::string& registry);

/// Asks the registry whether it knows this user, then keeps user and password. Returns the file
/// they were written to as plain text; nothing when a helper has them. Throws Error{denied} with
/// the registry's words.
std::optional<std::string> log_in(const Engine& engine, const std::string& registry,
                                  const std::string& user, const std::string& password);
/// Whether what is kept still opens the registry; nothing is written.
bool is_logged_in(const Engine& engine, const std::string& registry);
/// False when nothing was kept.
bool log_out(const std::string& registry);
/// As people see it: "https://index.docker.io/v1/" for docker.io.
std::string registry_title(const std::string& registry);

}  // namespace skiff::engine
