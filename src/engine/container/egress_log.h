// SPDX-License-Identifier: Apache-2.0
// egress.log in a container's directory: what `--network slirp:egress=` refused, a line each, the
// newest last. The lines come from the network helper, which reads what the container sends, so
// neither their content nor their number is believed.
#pragma once

#include <string>
#include <string_view>

namespace skiff::engine {

inline constexpr const char* egress_log_name = "egress.log";

/// Appends the time and `line`, cut to 400 bytes and with control characters escaped, to the file
/// in `directory`; from 1 MiB on its older half is dropped first. A full disk loses the line.
void append_refusal(int directory, std::string_view line) noexcept;

}  // namespace skiff::engine
