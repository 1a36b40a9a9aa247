// SPDX-License-Identifier: Apache-2.0
// Number and character constants of templates: Go's literals.
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>
#include <string>

#include "base/error.h"
#include "gotemplate/node.h"
#include "gotemplate/runes.h"

namespace skiff::gotemplate {
namespace {

constexpr auto largest_integer = std::numeric_limits<int64_t>::max();

struct Prefix {
    int base = 10;
    size_t size = 0;
};

Prefix prefix_of(std::string_view digits) {
    if (digits.size() < 2 || digits[0] != '0') return {};
    switch (digits[1]) {
        case 'x':
        case 'X':
            return {16, 2};
        case 'b':
        case 'B':
            return {2, 2};
        case 'o':
        case 'O':
            return {8, 2};
        default:
            return {8, 1};
    }
}

/// Digits may be separated by single underscores, and one may follow a base prefix.
bool underscores_are_well_placed(std::string_view text) {
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    const Prefix prefix = prefix_of(text);
    // '0' counts as digit, '_' as underscore, '!' as neither; a base prefix is like a digit.
    char last = prefix.size == 2 ? '0' : '^';
    const bool hexadecimal = prefix.base == 16;
    for (const char c : text.substr(prefix.size == 2 ? 2 : 0)) {
        const bool digit = (c >= '0' && c <= '9') ||
                           (hexadecimal && ((c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F')));
        if (digit) {
            last = '0';
        } else if (c == '_') {
            if (last != '0') return false;
            last = '_';
        } else {
            if (last == '_') return false;
            last = '!';
        }
    }
    return last != '_';
}

std::string without_underscores(std::string_view text) {
    std::string digits;
    for (const char c : text) {
        if (c != '_') digits += c;
    }
    return digits;
}

/// strconv.ParseUint with base 0.
std::optional<uint64_t> parse_magnitude(std::string_view text) {
    const Prefix prefix = prefix_of(text);
    const bool separated = text.find('_') != text.npos;
    if (separated && !underscores_are_well_placed(text)) return std::nullopt;
    const std::string digits = without_underscores(text.substr(prefix.size));
    uint64_t value = 0;
    const char* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, value, prefix.base);
    if (digits.empty() || error != std::errc{} || rest != end) return std::nullopt;
    return value;
}

std::optional<int64_t> parse_integer(std::string_view text) {
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    const auto magnitude = parse_magnitude(text);
    if (!magnitude || *magnitude > uint64_t{largest_integer} + (negative ? 1 : 0)) {
        return std::nullopt;
    }
    return static_cast<int64_t>(negative ? 0 - *magnitude : *magnitude);
}

/// strconv.ParseFloat; nothing on overflow too.
std::optional<double> parse_float(std::string_view text) {
    if (text.find('_') != text.npos && !underscores_are_well_placed(text)) return std::nullopt;
    const bool negative = text.starts_with('-');
    if (negative || text.starts_with('+')) text.remove_prefix(1);
    std::string digits = without_underscores(text);
    auto format = std::chars_format::general;
    size_t begin = 0;
    if (digits.starts_with("0x") || digits.starts_with("0X")) {
        format = std::chars_format::hex;
        begin = 2;
        if (digits.find_first_of("pP") == digits.npos) return std::nullopt;
    }
    const char* end = digits.data() + digits.size();
    if (begin == digits.size() || digits[begin] == '-') return std::nullopt;
    double value = 0;
    const auto [rest, error] = std::from_chars(digits.data() + begin, end, value, format);
    if (rest != end) return std::nullopt;
    if (error == std::errc::result_out_of_range) {
        // Too small is zero, too large is refused; an exponent tells which.
        const size_t exponent = digits.find_first_of(begin == 2 ? "pP" : "eE");
        if (exponent == digits.npos || digits[exponent + 1] != '-') return std::nullopt;
        value = 0;
    } else if (error != std::errc{}) {
        return std::nullopt;
    }
    return negative ? -value : value;
}

Number parse_character(std::string_view text) {
    std::string_view rest = text.substr(1);
    Rune rune = 0;
    bool byte = false;
    if (!unquote_rune(rest, '\'', rune, byte)) throw Error(ErrorKind::invalid, "invalid syntax");
    if (rest != "'") {
        throw Error(ErrorKind::invalid, "malformed character constant: {}", text);
    }
    return {.is_integer = true,
            .is_unsigned = true,
            .is_float = true,
            .integer = rune,
            .unsigned_integer = static_cast<uint64_t>(rune),
            .floating = static_cast<double>(rune)};
}

}  // namespace

Number parse_constant(std::string_view text, bool character) {
    if (character) return parse_character(text);
    // Go knows complex numbers; nothing that skiff prints is one.
    if (text.ends_with('i')) {
        throw Error(ErrorKind::invalid, "complex constant {} is not supported", text);
    }
    Number number;
    if (const auto value = parse_magnitude(text)) {
        number.is_unsigned = true;
        number.unsigned_integer = *value;
    }
    if (const auto value = parse_integer(text)) {
        number.is_integer = true;
        number.integer = *value;
        if (*value == 0) number.is_unsigned = true;  // -0
    }
    if (number.is_integer || number.is_unsigned) {
        number.is_float = true;
        number.floating = number.is_integer ? static_cast<double>(number.integer)
                                            : static_cast<double>(number.unsigned_integer);
        return number;
    }
    const auto value = parse_float(text);
    if (!value) throw Error(ErrorKind::invalid, "illegal number syntax: {}", quote(text));
    if (text.find_first_of(".eEpP") == text.npos) {
        throw Error(ErrorKind::invalid, "integer overflow: {}", quote(text));
    }
    number.is_float = true;
    number.floating = *value;
    // A float that is whole serves as integer as well; the bounds keep the conversions defined.
    if (std::trunc(*value) == *value) {
        if (*value >= -0x1p63 && *value < 0x1p63) {
            number.is_integer = true;
            number.integer = static_cast<int64_t>(*value);
        }
        if (*value >= 0 && *value < 0x1p64) {
            number.is_unsigned = true;
            number.unsigned_integer = static_cast<uint64_t>(*value);
        }
    }
    return number;
}

}  // namespace skiff::gotemplate
