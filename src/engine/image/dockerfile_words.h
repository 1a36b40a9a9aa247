// SPDX-License-Identifier: Apache-2.0
// Words as the arguments of Dockerfile instructions are written: quotes, backslashes, $VARIABLES.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::engine {

/// Words separated by blanks outside quotes. Quotes are removed, a backslash takes the next
/// character as it is (inside double quotes only before '"', '\\' and '$'), and $NAME, ${NAME},
/// ${NAME:-word}, ${NAME:+word} are replaced outside single quotes. Variables come from
/// `environment` ("K=V"); an unknown one is empty. Throws Error{invalid} for an unfinished quote or
/// brace.
std::vector<std::string> dockerfile_words(std::string_view text,
                                          const std::vector<std::string>& environment);

/// The strings of a JSON list such as ["a", "b"]; nothing when `text` is none, as in CMD's exec
/// form.
std::optional<std::vector<std::string>> json_words(std::string_view text);

/// 2h45m30.5s as Go reads durations; nothing when malformed or negative. Nanoseconds.
std::optional<long long> parse_go_duration(std::string_view text);

}  // namespace skiff::engine
