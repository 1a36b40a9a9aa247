// SPDX-License-Identifier: Apache-2.0
// Signals by name, as users type them and as they are shown.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace skiff {

/// The number of "TERM", "SIGTERM", "sigterm", "15", "RTMIN+3" or "RTMAX-1"; nothing when unknown.
/// Numbers are 1..64.
///
/// RTMIN is 34, as for a program linked with glibc, whatever the one in the container is linked
/// with: Docker's choice too.
std::optional<int> find_signal(std::string_view name);

/// "SIGTERM"; a number without a name of its own is "SIGRTMIN+3".
std::string signal_name(int signal);

}  // namespace skiff
