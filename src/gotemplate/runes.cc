// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/runes.h"

#include <algorithm>
#include <iterator>

#include <fmt/format.h>

namespace skiff::gotemplate {
namespace {

struct CodePoints {
    Rune first;
    Rune last;
};

struct CaseRange {
    Rune first;
    Rune last;
    Rune step;
    Rune shift;
};

#include "gotemplate/unicode_tables.inc"

template <size_t n>
bool contains(const CodePoints (&ranges)[n], Rune rune) {
    const auto after =
        std::upper_bound(std::begin(ranges), std::end(ranges), rune,
                         [](Rune value, const CodePoints& range) { return value < range.first; });
    return after != std::begin(ranges) && rune <= std::prev(after)->last;
}

template <size_t n>
Rune mapped(const CaseRange (&ranges)[n], Rune rune) {
    const auto after =
        std::upper_bound(std::begin(ranges), std::end(ranges), rune,
                         [](Rune value, const CaseRange& range) { return value < range.first; });
    if (after == std::begin(ranges)) return rune;
    const CaseRange& range = *std::prev(after);
    const bool hit = rune <= range.last && (rune - range.first) % range.step == 0;
    return hit ? rune + range.shift : rune;
}

bool ascii_between(Rune rune, char first, char last) {
    return rune >= first && rune <= last;
}

void append_escaped(std::string& out, Rune rune, char quote, bool ascii) {
    if (rune == quote || rune == '\\') {
        out += '\\';
        out += static_cast<char>(rune);
        return;
    }
    if (ascii ? rune < 0x80 && is_printable(rune) : is_printable(rune)) {
        append_rune(out, rune);
        return;
    }
    switch (rune) {
        case '\a':
            out += "\\a";
            break;
        case '\b':
            out += "\\b";
            break;
        case '\f':
            out += "\\f";
            break;
        case '\n':
            out += "\\n";
            break;
        case '\r':
            out += "\\r";
            break;
        case '\t':
            out += "\\t";
            break;
        case '\v':
            out += "\\v";
            break;
        default:
            if (rune < ' ' || rune == 0x7f) {
                out += fmt::format("\\x{:02x}", rune);
            } else if (rune < 0x10000) {
                out += fmt::format("\\u{:04x}", rune);
            } else {
                out += fmt::format("\\U{:08x}", rune);
            }
    }
}

/// The value of a hexadecimal digit, or -1.
int digit_value(char digit) {
    if (digit >= '0' && digit <= '9') return digit - '0';
    if (digit >= 'a' && digit <= 'f') return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F') return digit - 'A' + 10;
    return -1;
}

/// Reads exactly `count` digits of `base` from the front of `rest`.
bool read_digits(std::string_view& rest, size_t count, int base, Rune& value) {
    if (rest.size() < count) return false;
    int64_t number = 0;
    for (const char digit : rest.substr(0, count)) {
        const int one = digit_value(digit);
        if (one < 0 || one >= base) return false;
        number = number * base + one;
    }
    rest.remove_prefix(count);
    if (number > largest_rune) return false;
    value = static_cast<Rune>(number);
    return true;
}

}  // namespace

Decoded decode_rune(std::string_view text) {
    if (text.empty()) return {};
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char lead = byte(0);
    if (lead < 0x80) return {lead, 1};
    const size_t width = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
    if (lead < 0xC2 || lead > 0xF4 || text.size() < width) return {replacement_rune, 1};
    Rune rune = lead & (0xFF >> (width + 1));
    for (size_t i = 1; i < width; ++i) {
        if ((byte(i) & 0xC0) != 0x80) return {replacement_rune, 1};
        rune = rune << 6 | (byte(i) & 0x3F);
    }
    const bool overlong = rune < (width == 4 ? 0x10000 : width == 3 ? 0x800 : 0x80);
    const bool surrogate = rune >= 0xD800 && rune <= 0xDFFF;
    if (overlong || surrogate || rune > largest_rune) return {replacement_rune, 1};
    return {rune, width};
}

void append_rune(std::string& out, Rune rune) {
    if (rune < 0 || rune > largest_rune || (rune >= 0xD800 && rune <= 0xDFFF)) {
        rune = replacement_rune;
    }
    const auto tail = [&](int shift) { out += static_cast<char>(0x80 | ((rune >> shift) & 0x3F)); };
    if (rune < 0x80) {
        out += static_cast<char>(rune);
    } else if (rune < 0x800) {
        out += static_cast<char>(0xC0 | rune >> 6);
        tail(0);
    } else if (rune < 0x10000) {
        out += static_cast<char>(0xE0 | rune >> 12);
        tail(6);
        tail(0);
    } else {
        out += static_cast<char>(0xF0 | rune >> 18);
        tail(12);
        tail(6);
        tail(0);
    }
}

size_t count_runes(std::string_view text) {
    size_t count = 0;
    while (!text.empty()) {
        text.remove_prefix(decode_rune(text).width);
        ++count;
    }
    return count;
}

bool is_letter(Rune rune) {
    if (rune < 0x80) return ascii_between(rune, 'a', 'z') || ascii_between(rune, 'A', 'Z');
    return contains(letters, rune);
}

bool is_digit(Rune rune) {
    return rune < 0x80 ? ascii_between(rune, '0', '9') : contains(digits, rune);
}

bool is_space(Rune rune) {
    if (rune < 0x80) return rune == ' ' || (rune >= '\t' && rune <= '\r');
    return rune == 0x85 || rune == 0xA0 || rune == 0x1680 || (rune >= 0x2000 && rune <= 0x200A) ||
           rune == 0x2028 || rune == 0x2029 || rune == 0x202F || rune == 0x205F || rune == 0x3000;
}

bool is_printable(Rune rune) {
    return rune < 0x80 ? ascii_between(rune, ' ', '~') : contains(printable_points, rune);
}

Rune to_upper_rune(Rune rune) {
    if (rune < 0x80) return ascii_between(rune, 'a', 'z') ? rune - 'a' + 'A' : rune;
    return mapped(upper_case, rune);
}

Rune to_lower_rune(Rune rune) {
    if (rune < 0x80) return ascii_between(rune, 'A', 'Z') ? rune - 'A' + 'a' : rune;
    return mapped(lower_case, rune);
}

Rune to_title_rune(Rune rune) {
    return rune < 0x80 ? to_upper_rune(rune) : mapped(title_case, rune);
}

std::string quote(std::string_view text, bool ascii) {
    std::string out = "\"";
    while (!text.empty()) {
        const Decoded next = decode_rune(text);
        if (next.width == 1 && next.rune == replacement_rune) {
            out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
        } else {
            append_escaped(out, next.rune, '"', ascii);
        }
        text.remove_prefix(next.width);
    }
    return out + '"';
}

std::string quote_rune(Rune rune, bool ascii) {
    if (rune < 0 || rune > largest_rune || (rune >= 0xD800 && rune <= 0xDFFF)) {
        rune = replacement_rune;
    }
    std::string out = "'";
    append_escaped(out, rune, '\'', ascii);
    return out + '\'';
}

bool unquote_rune(std::string_view& rest, char quote, Rune& rune, bool& byte) {
    byte = false;
    if (rest.empty()) return false;
    if (rest[0] == quote && (quote == '"' || quote == '\'')) return false;
    if (rest[0] != '\\') {
        const Decoded next = decode_rune(rest);
        rune = next.rune;
        rest.remove_prefix(next.width);
        return true;
    }
    if (rest.size() < 2) return false;
    const char letter = rest[1];
    rest.remove_prefix(2);
    switch (letter) {
        case 'a':
            rune = '\a';
            return true;
        case 'b':
            rune = '\b';
            return true;
        case 'f':
            rune = '\f';
            return true;
        case 'n':
            rune = '\n';
            return true;
        case 'r':
            rune = '\r';
            return true;
        case 't':
            rune = '\t';
            return true;
        case 'v':
            rune = '\v';
            return true;
        case '\\':
            rune = '\\';
            return true;
        case '\'':
        case '"':
            rune = letter;
            return letter == quote;
        case 'x':
            byte = true;
            return read_digits(rest, 2, 16, rune);
        case 'u':
        case 'U':
            return read_digits(rest, letter == 'u' ? 4 : 8, 16, rune) &&
                   !(rune >= 0xD800 && rune <= 0xDFFF);
        default: {
            byte = true;
            const int first = digit_value(letter);
            if (first < 0 || first > 7 || !read_digits(rest, 2, 8, rune)) return false;
            rune += first * 64;
            return rune <= 255;
        }
    }
}

bool unquote(std::string_view quoted, std::string& text) {
    text.clear();
    if (quoted.size() < 2 || quoted.front() != quoted.back()) return false;
    const char mark = quoted.front();
    std::string_view rest = quoted.substr(1, quoted.size() - 2);
    if (mark == '`') {
        if (rest.find('`') != rest.npos) return false;
        // Go drops carriage returns of raw strings, so that the source's line ends do not matter.
        std::copy_if(rest.begin(), rest.end(), std::back_inserter(text),
                     [](char c) { return c != '\r'; });
        return true;
    }
    if (mark != '"' || rest.find('\n') != rest.npos) return false;
    while (!rest.empty()) {
        Rune rune = 0;
        bool byte = false;
        if (!unquote_rune(rest, '"', rune, byte)) return false;
        if (byte) {
            text += static_cast<char>(rune);
        } else {
            append_rune(text, rune);
        }
    }
    return true;
}

}  // namespace skiff::gotemplate
