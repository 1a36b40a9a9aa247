// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <cerrno>

#include <sys/random.h>

#include "base/error.h"

namespace skiff {
namespace {

constexpr std::string_view hex_digits = "0123456789abcdef";

struct CodePoint {
    unsigned value = 0;
    size_t length = 0;  ///< 0: the bytes are not UTF-8
};

CodePoint decode(std::string_view text) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return {first, 1};
    const size_t length = first >= 0xf0 && first < 0xf5 ? 4
                          : first >= 0xe0               ? 3
                          : first >= 0xc2               ? 2
                                                        : 0;
    if (length == 0 || first >= 0xf5 || text.size() < length) return {};
    unsigned value = first & (0xffU >> (length + 1));
    for (size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80) return {};
        value = value << 6U | (byte(i) & 0x3fU);
    }
    const bool overlong = (length == 3 && value < 0x800) || (length == 4 && value < 0x10000);
    if (overlong || value > 0x10ffff || (value >= 0xd800 && value < 0xe000)) return {};
    return {value, length};
}

}  // namespace

std::vector<std::string_view> split(std::string_view text, char separator) {
    std::vector<std::string_view> parts;
    for (;;) {
        const size_t end = text.find(separator);
        parts.push_back(text.substr(0, end));
        if (end == std::string_view::npos) return parts;
        text.remove_prefix(end + 1);
    }
}

Cut cut(std::string_view text, char separator) {
    const size_t at = text.find(separator);
    if (at == std::string_view::npos) return {text, {}, false};
    return {text.substr(0, at), text.substr(at + 1), true};
}

std::string_view trim(std::string_view text) {
    constexpr std::string_view blanks = " \t\r\n\v\f";
    const size_t begin = text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return {};
    return text.substr(begin, text.find_last_not_of(blanks) - begin + 1);
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string text;
    for (const std::string& part : parts) {
        if (&part != &parts.front()) text += separator;
        text += part;
    }
    return text;
}

std::string to_lower(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return result;
}

std::string to_upper(std::string_view text) {
    std::string result(text);
    for (char& c : result)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    return result;
}

std::string printable(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const CodePoint point = decode(text);
        if (point.length == 0) {
            result += '?';
            text.remove_prefix(1);
            continue;
        }
        if (point.value < 0x20 || (point.value >= 0x7f && point.value < 0xa0)) {
            fmt::format_to(std::back_inserter(result), "\\x{:02x}", point.value);
        } else {
            result += text.substr(0, point.length);
        }
        text.remove_prefix(point.length);
    }
    return result;
}

std::string quoted(std::string_view text) {
    std::string result = "\"";
    while (!text.empty()) {
        const CodePoint point = decode(text);
        const size_t length = point.length == 0 ? 1 : point.length;
        const unsigned char first = static_cast<unsigned char>(text[0]);
        if (point.length == 0) {
            fmt::format_to(std::back_inserter(result), "\\x{:02x}", first);
        } else if (first == '"' || first == '\\') {
            result += '\\';
            result += text[0];
        } else if (first == '\n') {
            result += "\\n";
        } else if (first == '\t') {
            result += "\\t";
        } else if (first == '\r') {
            result += "\\r";
        } else if (point.value < 0x20 || point.value == 0x7f) {
            fmt::format_to(std::back_inserter(result), "\\x{:02x}", point.value);
        } else if (point.value >= 0x80 && point.value < 0xa0) {
            fmt::format_to(std::back_inserter(result), "\\u{:04x}", point.value);
        } else {
            result += text.substr(0, length);
        }
        text.remove_prefix(length);
    }
    return result + '"';
}

std::string to_hex(std::string_view bytes) {
    std::string text;
    text.reserve(bytes.size() * 2);
    for (const char c : bytes) {
        const auto byte = static_cast<unsigned char>(c);
        text += hex_digits[byte >> 4U];
        text += hex_digits[byte & 0xfU];
    }
    return text;
}

std::string random_hex(size_t bytes) {
    std::string raw(bytes, '\0');
    size_t filled = 0;
    while (filled < bytes) {
        const ssize_t n = getrandom(raw.data() + filled, bytes - filled, 0);
        if (n < 0 && errno != EINTR) throw SystemError(errno, "cannot read random bytes");
        if (n > 0) filled += static_cast<size_t>(n);
    }
    return to_hex(raw);
}

}  // namespace skiff
