// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/float_text.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace skiff::gotemplate {
namespace {

/// 0.DIGITS times ten to the power of `point`; no zeros at the end, no digits for zero.
struct Decimal {
    std::string digits;
    int point = 0;
};

/// `count` significant digits, or as many as needed.
Decimal decimal(double value, int count) {
    std::string text(static_cast<size_t>(std::max(count, 0)) + 32, '\0');
    char* end = text.data() + text.size();
    const auto result =
        count < 0
            ? std::to_chars(text.data(), end, value, std::chars_format::scientific)
            : std::to_chars(text.data(), end, value, std::chars_format::scientific, count - 1);
    text.resize(static_cast<size_t>(result.ptr - text.data()));
    const size_t exponent = text.find('e');
    Decimal decimal;
    for (const char c : std::string_view(text).substr(0, exponent)) {
        if (c != '.') decimal.digits += c;
    }
    decimal.digits.erase(decimal.digits.find_last_not_of('0') + 1);
    if (!decimal.digits.empty()) decimal.point = std::atoi(text.c_str() + exponent + 1) + 1;
    return decimal;
}

char digit_at(const Decimal& decimal, int index) {
    const bool there = index >= 0 && index < static_cast<int>(decimal.digits.size());
    return there ? decimal.digits[static_cast<size_t>(index)] : '0';
}

std::string exponent_text(char letter, int exponent) {
    return fmt::format("{}{}{:02}", letter, exponent < 0 ? '-' : '+', std::abs(exponent));
}

std::string exponential(const Decimal& decimal, int precision, char letter) {
    std::string out(1, digit_at(decimal, 0));
    if (precision > 0) {
        out += '.';
        for (int i = 1; i <= precision; ++i) out += digit_at(decimal, i);
    }
    return out + exponent_text(letter, decimal.digits.empty() ? 0 : decimal.point - 1);
}

std::string fixed(const Decimal& decimal, int precision) {
    std::string out;
    for (int i = 0; i < decimal.point; ++i) out += digit_at(decimal, i);
    if (out.empty()) out = "0";
    if (precision > 0) {
        out += '.';
        for (int i = 0; i < precision; ++i) out += digit_at(decimal, decimal.point + i);
    }
    return out;
}

std::string general(const Decimal& decimal, int precision, char letter) {
    const int digits = static_cast<int>(decimal.digits.size());
    // Exponents below -4 or from the precision on are written out; of the shortest form from 6 on.
    int threshold = precision;
    if (threshold > digits && digits >= decimal.point) threshold = digits;
    if (precision < 0) threshold = 6;
    const int exponent = decimal.point - 1;
    if (exponent < -4 || exponent >= threshold) {
        return exponential(decimal, precision < 0 ? digits - 1 : std::min(precision, digits) - 1,
                           letter);
    }
    return fixed(decimal, std::max(digits - decimal.point, 0));
}

std::string hexadecimal(double value, int precision, bool upper) {
    std::string text(static_cast<size_t>(std::max(precision, 0)) + 32, '\0');
    char* end = text.data() + text.size();
    const auto result =
        precision < 0 ? std::to_chars(text.data(), end, value, std::chars_format::hex)
                      : std::to_chars(text.data(), end, value, std::chars_format::hex, precision);
    text.resize(static_cast<size_t>(result.ptr - text.data()));
    const size_t p = text.find('p');
    std::string out =
        "0x" + text.substr(0, p) + exponent_text('p', std::atoi(text.c_str() + p + 1));
    if (upper) {
        for (char& c : out) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
    return out;
}

/// Mantissa and binary exponent as integers.
std::string binary(double value) {
    constexpr int mantissa_bits = 52;
    const auto bits = std::bit_cast<uint64_t>(value);
    uint64_t mantissa = bits & ((uint64_t{1} << mantissa_bits) - 1);
    int exponent = static_cast<int>(bits >> mantissa_bits & 0x7FF);
    if (exponent == 0) {
        ++exponent;
    } else {
        mantissa |= uint64_t{1} << mantissa_bits;
    }
    return fmt::format("{}p{:+d}", mantissa, exponent - 1023 - mantissa_bits);
}

std::string format_magnitude(double value, char verb, int precision) {
    switch (verb) {
        case 'e':
        case 'E': {
            const Decimal digits = decimal(value, precision < 0 ? -1 : precision + 1);
            const int shortest = std::max(static_cast<int>(digits.digits.size()) - 1, 0);
            return exponential(digits, precision < 0 ? shortest : precision, verb);
        }
        case 'f': {
            if (precision < 0) {
                const Decimal digits = decimal(value, -1);
                return fixed(digits,
                             std::max(static_cast<int>(digits.digits.size()) - digits.point, 0));
            }
            std::string text(static_cast<size_t>(precision) + 330, '\0');
            const auto result = std::to_chars(text.data(), text.data() + text.size(), value,
                                              std::chars_format::fixed, precision);
            text.resize(static_cast<size_t>(result.ptr - text.data()));
            return text;
        }
        case 'g':
        case 'G': {
            const char letter = verb == 'g' ? 'e' : 'E';
            if (precision < 0) return general(decimal(value, -1), -1, letter);
            const int significant = std::max(precision, 1);
            return general(decimal(value, significant), significant, letter);
        }
        case 'b':
            return binary(value);
        default:
            return hexadecimal(value, precision, verb == 'X');
    }
}

}  // namespace

std::string format_float(double value, char verb, int precision) {
    if (std::isnan(value)) return "NaN";
    if (std::isinf(value)) return value < 0 ? "-Inf" : "+Inf";
    std::string text = format_magnitude(std::fabs(value), verb, precision);
    if (std::signbit(value)) text.insert(0, 1, '-');
    return text;
}

}  // namespace skiff::gotemplate
