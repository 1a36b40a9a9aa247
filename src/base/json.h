// SPDX-License-Identifier: Apache-2.0
// JSON at the edges. Headers of other layers include <nlohmann/json_fwd.hpp>; only .cc files
// include the library or this header's callers' bodies need <nlohmann/json.hpp>.
#pragma once

#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

namespace skiff {

using Json = nlohmann::json;

/// Parses a document from outside: nesting is bounded (128), duplicate keys keep the last value,
/// NaN is refused. `name` is for the message ("the manifest of 'x'"). Throws Error{invalid} with
/// line and column.
Json parse_json(std::string_view text, std::string_view name);

/// Compact text; bytes that are not UTF-8 become U+FFFD (container-supplied strings need not be
/// UTF-8).
std::string to_text(const Json& value);
/// Docker's pretty form: four blanks of indentation, '<', '>' and '&' not escaped.
std::string to_pretty_text(const Json& value);

// Typed access with Error{invalid} naming `name` and the key when the type is wrong. The default is
// returned when the key is absent or null.
std::string json_string(const Json& object, const char* key, std::string_view name,
                        std::string fallback = {});
long long json_integer(const Json& object, const char* key, std::string_view name,
                       long long fallback = 0);
bool json_bool(const Json& object, const char* key, std::string_view name, bool fallback = false);

}  // namespace skiff
