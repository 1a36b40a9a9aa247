// SPDX-License-Identifier: Apache-2.0
// Code points as Go's utf8, unicode and strconv packages see them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skiff::gotemplate {

using Rune = int32_t;
inline constexpr Rune replacement_rune = 0xFFFD;
inline constexpr Rune largest_rune = 0x10FFFF;

struct Decoded {
    Rune rune = replacement_rune;
    size_t width = 0;  ///< bytes; 0 at the end of the text, 1 where it is not UTF-8
};
/// The first code point of `text`; U+FFFD of width 1 when it is not UTF-8.
Decoded decode_rune(std::string_view text);
/// Surrogates and numbers outside Unicode become U+FFFD.
void append_rune(std::string& out, Rune rune);
/// A byte that is not UTF-8 counts as one.
size_t count_runes(std::string_view text);

bool is_letter(Rune rune);
bool is_digit(Rune rune);
bool is_space(Rune rune);
/// strconv.IsPrint, which is unicode.IsPrint: letters, marks, numbers, punctuation, symbols and '
/// '.
bool is_printable(Rune rune);
Rune to_upper_rune(Rune rune);
Rune to_lower_rune(Rune rune);
Rune to_title_rune(Rune rune);

/// strconv.Quote; `ascii` as QuoteToASCII.
std::string quote(std::string_view text, bool ascii = false);
/// strconv.QuoteRune.
std::string quote_rune(Rune rune, bool ascii = false);
/// The text of a Go string constant with its quotes, raw or interpreted; in the latter bytes that
/// are not UTF-8 become U+FFFD. False: invalid syntax.
bool unquote(std::string_view quoted, std::string& text);
/// Reads one character of a constant inside `quote` quotes; false: invalid syntax. Consumes from
/// `rest`. `byte` says that the value is a byte (\x, octal), not a code point.
bool unquote_rune(std::string_view& rest, char quote, Rune& rune, bool& byte);

}  // namespace skiff::gotemplate
