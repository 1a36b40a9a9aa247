// SPDX-License-Identifier: Apache-2.0
#include "base/size.h"

#include <array>
#include <charconv>

#include "base/error.h"
#include "base/text.h"

namespace skiff {
namespace {

/// strconv.ParseFloat's grammar as far as a size can have it: an optional sign, digits with at most
/// one point.
double parse_factor(std::string_view text) {
    const std::string_view digits = text.starts_with('+') ? text.substr(1) : text;
    double value = 0;
    const char* end = digits.data() + digits.size();
    const auto [rest, error] = std::from_chars(digits.data(), end, value);
    if (digits.starts_with("+-") || error == std::errc::invalid_argument || rest != end) {
        throw Error(ErrorKind::invalid, "strconv.ParseFloat: parsing {}: invalid syntax",
                    quoted(text));
    }
    if (error != std::errc{}) {
        throw Error(ErrorKind::invalid, "strconv.ParseFloat: parsing {}: value out of range",
                    quoted(text));
    }
    return value;
}

double unit_factor(std::string_view suffix, double base) {
    const std::string unit = to_lower(suffix);
    const auto refuse = [&] { return Error(ErrorKind::invalid, "invalid suffix: '{}'", unit); };
    if (unit.empty() || unit == "b") return 1;
    const size_t power = std::string_view("kmgtp").find(unit[0]);
    const std::string_view tail = std::string_view(unit).substr(1);
    if (power == std::string_view::npos || (!tail.empty() && tail != "b" && tail != "ib"))
        throw refuse();
    double factor = base;
    for (size_t i = 0; i < power; ++i) factor *= base;
    return factor;
}

std::uint64_t parse_size(std::string_view text, double base) {
    const size_t last = text.find_last_of("0123456789. ");
    if (last == std::string_view::npos) throw Error(ErrorKind::invalid, "invalid size: '{}'", text);
    const size_t number_end = text[last] == ' ' ? last : last + 1;
    const double number = parse_factor(text.substr(0, number_end));
    if (!(number >= 0)) throw Error(ErrorKind::invalid, "invalid size: '{}'", text);
    const double bytes = number * unit_factor(text.substr(last + 1), base);
    // Doubles count bytes exactly up to 2^53; beyond 2^63 no kernel interface goes.
    if (!(bytes < 9223372036854775808.0))
        throw Error(ErrorKind::invalid, "invalid size: '{}'", text);
    return static_cast<std::uint64_t>(bytes);
}

template <size_t n>
std::string in_units(double size, double base, double limit, int digits,
                     const std::array<std::string_view, n>& units) {
    size_t unit = 0;
    while (size >= limit && unit + 1 < n) {
        size /= base;
        ++unit;
    }
    return fmt::format("{:.{}g}{}", size, digits, units[unit]);
}

}  // namespace

std::string human_size(std::uint64_t bytes, int digits) {
    constexpr std::array<std::string_view, 7> units{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    const double limit = digits <= 3 ? 999.5 : 999.95;
    return in_units(static_cast<double>(bytes), 1000, limit, digits, units);
}

std::string binary_size(std::uint64_t bytes) {
    constexpr std::array<std::string_view, 7> units{"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    return in_units(static_cast<double>(bytes), 1024, 1024, 4, units);
}

std::uint64_t parse_binary_size(std::string_view text) {
    return parse_size(text, 1024);
}

std::uint64_t parse_decimal_size(std::string_view text) {
    return parse_size(text, 1000);
}

}  // namespace skiff
