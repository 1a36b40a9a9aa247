// SPDX-License-Identifier: Apache-2.0
// Small text operations that never depend on the locale.
#pragma once

#include <charconv>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff {

/// The parts between separators; "" gives one empty part.
std::vector<std::string_view> split(std::string_view text, char separator);
struct Cut {
    std::string_view before;
    std::string_view after;
    bool found = false;  ///< false: `before` is the whole text
};
/// Splits at the first separator.
Cut cut(std::string_view text, char separator);
std::string_view trim(std::string_view text);
std::string join(const std::vector<std::string>& parts, std::string_view separator);
std::string to_lower(std::string_view text);
std::string to_upper(std::string_view text);

/// The whole of `text` as a decimal (or `base`) number without sign prefix '+', blanks or rest;
/// nothing otherwise, also on overflow.
template <std::integral T>
std::optional<T> parse_number(std::string_view text, int base = 10) {
    T value{};
    const char* end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value, base);
    if (text.empty() || error != std::errc{} || rest != end) return std::nullopt;
    return value;
}

/// `text` with every control character (C0, DEL, and C1 in UTF-8) as a visible escape: for a
/// terminal, where container-supplied names must not move the cursor or set the title. Invalid
/// UTF-8 becomes '?'.
std::string printable(std::string_view text);

/// Text in double quotes with Go's %q escapes, as Docker quotes values in messages.
std::string quoted(std::string_view text);

/// 2 * count lower-case hexadecimal digits from getrandom(2).
std::string random_hex(size_t bytes);
std::string to_hex(std::string_view bytes);

}  // namespace skiff
