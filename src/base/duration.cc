// SPDX-License-Identifier: Apache-2.0
#include "base/duration.h"

#include <array>
#include <cstdint>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace skiff {
namespace {

struct Unit {
    std::string_view name;
    std::uint64_t nanoseconds;
};
constexpr std::array units{
    Unit{"ns", 1},
    Unit{"us", 1'000},
    Unit{"\u00b5s", 1'000},  // micro sign
    Unit{"\u03bcs", 1'000},  // Greek mu
    Unit{"ms", 1'000'000},
    Unit{"s", 1'000'000'000},
    Unit{"m", 60'000'000'000},
    Unit{"h", 3'600'000'000'000},
};

/// One nanosecond more than the longest duration: the shortest negative one has it.
constexpr std::uint64_t bound = std::uint64_t{1} << 63U;

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

Error invalid_duration(std::string_view text) {
    return {ErrorKind::invalid, "time: invalid duration {}", quoted(text)};
}

/// One number with its unit, taken off the front of `rest`. `whole` is for messages.
std::uint64_t take_component(std::string_view& rest, std::string_view whole) {
    size_t end = 0;
    std::uint64_t value = 0;
    for (; end < rest.size() && is_digit(rest[end]); ++end) {
        if (value > bound / 10) throw invalid_duration(whole);
        value = value * 10 + static_cast<unsigned>(rest[end] - '0');
        if (value > bound) throw invalid_duration(whole);
    }
    size_t digits = end;
    std::uint64_t after = 0;
    double scale = 1;
    if (end < rest.size() && rest[end] == '.') {
        for (++end; end < rest.size() && is_digit(rest[end]); ++end, ++digits) {
            // Digits behind the eighteenth are below what a double can tell apart.
            if (after > bound / 10) continue;
            after = after * 10 + static_cast<unsigned>(rest[end] - '0');
            scale *= 10;
        }
    }
    if (digits == 0) throw invalid_duration(whole);
    rest.remove_prefix(end);

    size_t length = 0;
    while (length < rest.size() && rest[length] != '.' && !is_digit(rest[length])) ++length;
    const std::string_view name = rest.substr(0, length);
    if (name.empty())
        throw Error(ErrorKind::invalid, "time: missing unit in duration {}", quoted(whole));
    rest.remove_prefix(length);
    for (const Unit& unit : units) {
        if (unit.name != name) continue;
        if (value > bound / unit.nanoseconds) throw invalid_duration(whole);
        // In this order, as Go does it, the product is exact wherever a double can hold it. Both
        // summands are at most 2^63: the sum cannot wrap.
        const double part =
            static_cast<double>(after) * (static_cast<double>(unit.nanoseconds) / scale);
        return value * unit.nanoseconds + static_cast<std::uint64_t>(part);
    }
    throw Error(ErrorKind::invalid, "time: unknown unit {} in duration {}", quoted(name),
                quoted(whole));
}

/// "1.5", without a point where there is no fraction. `digits` is that of the denominator.
std::string decimal(std::uint64_t value, std::uint64_t denominator, int digits) {
    std::string text = fmt::format("{}", value / denominator);
    if (value % denominator == 0) return text;
    text += fmt::format(".{:0{}}", value % denominator, digits);
    text.erase(text.find_last_not_of('0') + 1);
    return text;
}

}  // namespace

std::chrono::nanoseconds parse_duration(std::string_view text) {
    std::string_view rest = text;
    const bool negative = rest.starts_with('-');
    if (negative || rest.starts_with('+')) rest.remove_prefix(1);
    if (rest == "0") return {};
    if (rest.empty()) throw invalid_duration(text);
    std::uint64_t total = 0;
    while (!rest.empty()) {
        const std::uint64_t component = take_component(rest, text);
        if (component > bound || total + component > bound) throw invalid_duration(text);
        total += component;
    }
    if (total == bound && !negative) throw invalid_duration(text);
    // Two's complement: minus 2^63 is there, plus 2^63 was just refused.
    return std::chrono::nanoseconds(static_cast<std::int64_t>(negative ? 0 - total : total));
}

std::string duration_text(std::chrono::nanoseconds duration) {
    const std::int64_t count = duration.count();
    const std::uint64_t value =
        count < 0 ? 0 - static_cast<std::uint64_t>(count) : static_cast<std::uint64_t>(count);
    const std::string sign = count < 0 ? "-" : "";
    constexpr std::uint64_t second = 1'000'000'000;
    if (value == 0) return "0s";
    if (value < 1'000) return fmt::format("{}{}ns", sign, value);
    if (value < 1'000'000) return sign + decimal(value, 1'000, 3) + "µs";
    if (value < second) return sign + decimal(value, 1'000'000, 6) + "ms";
    std::string text = sign;
    if (value >= 3600 * second) text += fmt::format("{}h", value / (3600 * second));
    if (value >= 60 * second) text += fmt::format("{}m", value / (60 * second) % 60);
    return text + decimal(value % (60 * second), second, 9) + "s";
}

std::string human_duration(std::chrono::nanoseconds duration) {
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(duration).count();
    if (seconds < 1) return "Less than a second";
    if (seconds == 1) return "1 second";
    if (seconds < 60) return fmt::format("{} seconds", seconds);
    const auto minutes = seconds / 60;
    if (minutes == 1) return "About a minute";
    if (minutes < 60) return fmt::format("{} minutes", minutes);
    const auto hours = (seconds + 1800) / 3600;  // rounded, also for days, weeks and months
    if (hours == 1) return "About an hour";
    if (hours < 48) return fmt::format("{} hours", hours);
    if (hours < 24 * 7 * 2) return fmt::format("{} days", hours / 24);
    if (hours < 24 * 30 * 2) return fmt::format("{} weeks", hours / 24 / 7);
    if (hours < 24 * 365 * 2) return fmt::format("{} months", hours / 24 / 30);
    return fmt::format("{} years", seconds / 3600 / 24 / 365);
}

std::string time_ago(Timestamp time, Timestamp reference) {
    if (time == Timestamp{}) return "N/A";
    return human_duration(reference - time) + " ago";
}

}  // namespace skiff
