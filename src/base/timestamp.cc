// SPDX-License-Identifier: Apache-2.0
#include "base/timestamp.h"

#include <fmt/format.h>

#include "base/text.h"

namespace skiff {
namespace {

struct Civil {
    int year;
    unsigned month, day;
    long hour, minute, second;
    long nanosecond;
};

Civil civil(Timestamp time) {
    using namespace std::chrono;
    const auto day = floor<days>(time);
    const year_month_day date(day);
    const hh_mm_ss clock(time - day);
    return {static_cast<int>(date.year()),     static_cast<unsigned>(date.month()),
            static_cast<unsigned>(date.day()), clock.hours().count(),
            clock.minutes().count(),           clock.seconds().count(),
            clock.subseconds().count()};
}

std::string to_seconds(const Civil& c) {
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", c.year, c.month, c.day, c.hour,
                       c.minute, c.second);
}

/// Takes `digits` digits off the front of `text`.
std::optional<int> take_digits(std::string_view& text, size_t digits) {
    if (text.size() < digits) return std::nullopt;
    const auto value = parse_number<int>(text.substr(0, digits));
    if (!value || *value < 0) return std::nullopt;
    text.remove_prefix(digits);
    return value;
}

bool take(std::string_view& text, char c) {
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
}

}  // namespace

Timestamp now() {
    return std::chrono::time_point_cast<std::chrono::nanoseconds>(std::chrono::system_clock::now());
}

std::string to_rfc3339(Timestamp time) {
    if (time == Timestamp{}) return "0001-01-01T00:00:00Z";
    const Civil c = civil(time);
    std::string fraction;
    if (c.nanosecond != 0) {
        fraction = fmt::format(".{:09}", c.nanosecond);
        fraction.erase(fraction.find_last_not_of('0') + 1);
    }
    return to_seconds(c) + fraction + "Z";
}

std::string to_rfc3339_nine_digits(Timestamp time) {
    const Civil c = civil(time);
    return fmt::format("{}.{:09}Z", to_seconds(c), c.nanosecond);
}

std::optional<Timestamp> parse_rfc3339(std::string_view text) {
    using namespace std::chrono;
    if (text == "0001-01-01T00:00:00Z") return Timestamp{};
    const auto year_number = take_digits(text, 4);
    if (!year_number || !take(text, '-')) return std::nullopt;
    const auto month_number = take_digits(text, 2);
    if (!month_number || !take(text, '-')) return std::nullopt;
    const auto day_number = take_digits(text, 2);
    if (!day_number || !(take(text, 'T') || take(text, 't') || take(text, ' ')))
        return std::nullopt;
    const auto hour = take_digits(text, 2);
    if (!hour || !take(text, ':')) return std::nullopt;
    const auto minute = take_digits(text, 2);
    if (!minute || !take(text, ':')) return std::nullopt;
    const auto second = take_digits(text, 2);
    if (!second) return std::nullopt;
    const year_month_day date(year{*year_number}, month{static_cast<unsigned>(*month_number)},
                              day{static_cast<unsigned>(*day_number)});
    // 64 bits of nanoseconds reach from 1677-09-21 to 2262-04-11; whole years, so that no offset
    // leads outside.
    if (*year_number < 1678 || *year_number > 2261) return std::nullopt;
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    Timestamp time =
        sys_days(date) + hours(*hour) + minutes(*minute) + seconds(*second) + nanoseconds(0);
    if (take(text, '.')) {
        long scale = 100'000'000;
        size_t digits = 0;
        for (; digits < text.size() && text[digits] >= '0' && text[digits] <= '9';
             ++digits, scale /= 10)
            time += nanoseconds(scale * (text[digits] - '0'));
        if (digits == 0) return std::nullopt;
        text.remove_prefix(digits);
    }
    if (text == "Z" || text == "z") return time;
    if (text.size() != 6 || (text[0] != '+' && text[0] != '-')) return std::nullopt;
    const int sign = text[0] == '+' ? 1 : -1;
    text.remove_prefix(1);
    const auto offset_hours = take_digits(text, 2);
    if (!offset_hours || !take(text, ':')) return std::nullopt;
    const auto offset_minutes = take_digits(text, 2);
    if (!offset_minutes) return std::nullopt;
    return time - sign * (hours(*offset_hours) + minutes(*offset_minutes));
}

}  // namespace skiff
