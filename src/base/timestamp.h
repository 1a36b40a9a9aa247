// SPDX-License-Identifier: Apache-2.0
// Points in time as skiff stores and prints them: UTC, RFC 3339 with nanoseconds.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace skiff {

/// Nanoseconds since 1970 in UTC; the zero value means "never", printed by Docker as
/// 0001-01-01T00:00:00Z.
using Timestamp = std::chrono::sys_time<std::chrono::nanoseconds>;

Timestamp now();
/// As Go's RFC3339Nano prints it: trailing zeros of the fraction dropped
/// ("2026-11-22T03:28:07.0152Z").
std::string to_rfc3339(Timestamp time);
/// Fixed nine digits of fraction, as `logs -t` prints them.
std::string to_rfc3339_nine_digits(Timestamp time);
/// Accepts fractions (digits past the ninth count for nothing) and numeric offsets; nothing when
/// malformed or outside the years 1678 to 2261.
std::optional<Timestamp> parse_rfc3339(std::string_view text);

}  // namespace skiff
