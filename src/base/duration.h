// SPDX-License-Identifier: Apache-2.0
// Spans of time as people write and read them: Go's notation ("1h30m") and Docker's words ("About
// an hour").
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "base/timestamp.h"

namespace skiff {

/// Go's time.ParseDuration: an optional sign, then numbers with fractions and the units ns, us
/// (µs), ms, s, m, h: "300ms", "-1.5h", "2h45m"; "0" alone needs none. Throws Error{invalid} with
/// Go's texts.
std::chrono::nanoseconds parse_duration(std::string_view text);

/// Go's Duration.String(): "1h30m0s", "1.5s", "100ms", "0s".
std::string duration_text(std::chrono::nanoseconds duration);

/// go-units' HumanDuration: "Less than a second", "9 seconds", "About a minute", "2 weeks".
std::string human_duration(std::chrono::nanoseconds duration);
/// human_duration and " ago"; the zero Timestamp (never) is "N/A".
std::string time_ago(Timestamp time, Timestamp reference);

}  // namespace skiff
