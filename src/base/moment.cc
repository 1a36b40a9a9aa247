// SPDX-License-Identifier: Apache-2.0
#include "base/moment.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <optional>

#include "base/duration.h"
#include "base/error.h"
#include "base/text.h"

namespace skiff {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

struct LocalTime {
    std::tm parts{};
    std::string zone;
};

LocalTime local_time(Timestamp time) {
    const std::time_t count = std::chrono::floor<seconds>(time).time_since_epoch().count();
    LocalTime local;
    tzset();  // localtime_r need not look at TZ
    localtime_r(&count, &local.parts);
    local.zone = local.parts.tm_zone == nullptr ? "UTC" : local.parts.tm_zone;
    return local;
}

/// "+0130", or with a colon between hours and minutes.
std::string offset_text(long offset, std::string_view colon) {
    const long minutes = std::abs(offset) / 60;
    return fmt::format("{}{:02}{}{:02}", offset < 0 ? '-' : '+', minutes / 60, colon, minutes % 60);
}

/// What a layout names; the rest of it are literal characters.
enum class Part { year, month, day, hour, minute, second, fraction, zone };
struct PartName {
    std::string_view layout;  ///< Go's reference time
    Part part;
};
constexpr std::array part_names{PartName{"2006", Part::year},
                                PartName{"01", Part::month},
                                PartName{"02", Part::day},
                                PartName{"15", Part::hour},
                                PartName{"04", Part::minute},
                                PartName{"05", Part::second},
                                PartName{".999999999", Part::fraction},
                                PartName{"Z07:00", Part::zone}};

struct Moment {
    int year = 1, month = 1, day = 1, hour = 0, minute = 0, second = 0;
    long nanosecond = 0;
    long offset = 0;  ///< seconds east of Greenwich
};

/// Reads one text by one of Go's layouts, with Go's complaints.
class LayoutReader {
  public:
    LayoutReader(std::string_view layout, std::string_view text)
        : layout_(layout), text_(text), rest_(text) {}

    Moment read(long local_offset) {
        moment_.offset = local_offset;
        std::string_view layout = layout_;
        while (!layout.empty()) {
            const auto name = std::ranges::find_if(part_names, [&](const PartName& candidate) {
                return layout.starts_with(candidate.layout);
            });
            if (name == part_names.end()) {
                if (rest_.empty() || rest_[0] != layout[0]) throw mismatch(layout.substr(0, 1));
                rest_.remove_prefix(1);
                layout.remove_prefix(1);
            } else {
                read_part(*name);
                layout.remove_prefix(name->layout.size());
            }
        }
        if (!rest_.empty())
            throw Error(ErrorKind::invalid, "parsing time {}: extra text: {}", quoted(text_),
                        quoted(rest_));
        const std::chrono::year_month_day date(
            std::chrono::year{moment_.year},
            std::chrono::month{static_cast<unsigned>(moment_.month)},
            std::chrono::day{static_cast<unsigned>(moment_.day)});
        if (!date.ok()) throw out_of_range("day");
        return moment_;
    }

  private:
    Error mismatch(std::string_view element) const {
        return {ErrorKind::invalid, "parsing time {} as {}: cannot parse {} as {}",
                quoted(text_),      quoted(layout_),
                quoted(rest_),      quoted(element)};
    }
    Error out_of_range(std::string_view what) const {
        return {ErrorKind::invalid, "parsing time {}: {} out of range", quoted(text_), what};
    }

    int take_number(const PartName& name) {
        const size_t digits = name.layout.size();
        const std::string_view head = rest_.substr(0, digits);
        const bool numeric = head.size() == digits &&
                             std::ranges::all_of(head, [](char c) { return c >= '0' && c <= '9'; });
        if (!numeric) throw mismatch(name.layout);
        rest_.remove_prefix(digits);
        return parse_number<int>(head).value();
    }
    int take_number(const PartName& name, int first, int last, std::string_view what) {
        const int value = take_number(name);
        if (value < first || value > last) throw out_of_range(what);
        return value;
    }

    void read_part(const PartName& name) {
        switch (name.part) {
            case Part::year:
                moment_.year = take_number(name);
                break;
            case Part::month:
                moment_.month = take_number(name, 1, 12, "month");
                break;
            case Part::day:
                moment_.day = take_number(name);
                break;
            case Part::hour:
                moment_.hour = take_number(name, 0, 23, "hour");
                break;
            case Part::minute:
                moment_.minute = take_number(name, 0, 59, "minute");
                break;
            case Part::second:
                moment_.second = take_number(name, 0, 59, "second");
                break;
            case Part::fraction:
                read_fraction();
                break;
            case Part::zone:
                read_zone(name);
                break;
        }
    }

    /// May be absent; digits behind the ninth count for nothing.
    void read_fraction() {
        if (rest_.size() < 2 || rest_[0] != '.' || rest_[1] < '0' || rest_[1] > '9') return;
        rest_.remove_prefix(1);
        for (long scale = 100'000'000; !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9';
             scale /= 10) {
            moment_.nanosecond += scale * (rest_[0] - '0');
            rest_.remove_prefix(1);
        }
    }

    void read_zone(const PartName& name) {
        if (rest_.starts_with('Z')) {
            moment_.offset = 0;
            rest_.remove_prefix(1);
            return;
        }
        const bool shaped =
            rest_.size() >= 6 && (rest_[0] == '+' || rest_[0] == '-') && rest_[3] == ':';
        const auto hours = shaped ? parse_number<unsigned>(rest_.substr(1, 2)) : std::nullopt;
        const auto minutes = shaped ? parse_number<unsigned>(rest_.substr(4, 2)) : std::nullopt;
        if (!hours || !minutes) throw mismatch(name.layout);
        if (*hours > 24) throw out_of_range("time zone offset hour");
        if (*minutes > 60) throw out_of_range("time zone offset minute");
        const long offset = static_cast<long>(*hours) * 3600 + static_cast<long>(*minutes) * 60;
        moment_.offset = rest_[0] == '-' ? -offset : offset;
        rest_.remove_prefix(6);
    }

    std::string_view layout_;
    std::string_view text_;
    std::string_view rest_;
    Moment moment_;
};

/// Stops at the first and last moment that there is.
Timestamp before(Timestamp time, nanoseconds duration) {
    std::int64_t count = 0;
    if (__builtin_sub_overflow(time.time_since_epoch().count(), duration.count(), &count))
        return duration < nanoseconds{} ? Timestamp::max() : Timestamp::min();
    return Timestamp(nanoseconds(count));
}

Timestamp to_timestamp(const Moment& moment) {
    using namespace std::chrono;
    // Whole years, so that no offset leads outside of what 64 bits of nanoseconds hold.
    if (moment.year < 1678) return Timestamp::min();
    if (moment.year > 2261) return Timestamp::max();
    const year_month_day date(year{moment.year}, month{static_cast<unsigned>(moment.month)},
                              day{static_cast<unsigned>(moment.day)});
    return sys_days(date) + hours(moment.hour) + minutes(moment.minute) + seconds(moment.second) +
           nanoseconds(moment.nanosecond) - seconds(moment.offset);
}

bool names_a_zone(std::string_view text) {
    return text.find_first_of("zZ+") != std::string_view::npos ||
           std::ranges::count(text, '-') == 3;
}

/// Docker's choice among the layouts: by the characters that occur in the text.
std::string_view layout_of(std::string_view text) {
    const bool zone = names_a_zone(text);
    if (text.find('.') != std::string_view::npos)
        return zone ? "2006-01-02T15:04:05.999999999Z07:00" : "2006-01-02T15:04:05.999999999";
    if (text.find('T') == std::string_view::npos) return zone ? "2006-01-02Z07:00" : "2006-01-02";
    auto colons = std::ranges::count(text, ':');
    const bool numeric_offset = zone && text.find_first_of("zZ") == std::string_view::npos;
    if (numeric_offset && colons > 0) --colons;
    if (colons == 0) return zone ? "2006-01-02T15Z07:00" : "2006-01-02T15";
    if (colons == 1) return zone ? "2006-01-02T15:04Z07:00" : "2006-01-02T15:04";
    return zone ? "2006-01-02T15:04:05Z07:00" : "2006-01-02T15:04:05";
}

/// "1700000000" or "1700000000.25".
std::optional<Timestamp> parse_unix_time(std::string_view text) {
    const Cut parts = cut(text, '.');
    const auto whole = parse_number<std::int64_t>(parts.before);
    if (!whole) return std::nullopt;
    std::int64_t fraction = 0;
    if (parts.found) {
        const std::string_view digits = parts.after.substr(0, 9);
        const auto value = parse_number<std::uint64_t>(digits);
        if (!value || !parse_number<std::uint64_t>(parts.after)) return std::nullopt;
        fraction = static_cast<std::int64_t>(*value);
        for (size_t i = digits.size(); i < 9; ++i) fraction *= 10;
    }
    constexpr auto last = std::chrono::floor<seconds>(Timestamp::max()).time_since_epoch().count();
    if (*whole >= last) return Timestamp::max();
    if (*whole <= -last) return Timestamp::min();
    return Timestamp(seconds(*whole) + nanoseconds(fraction));
}

}  // namespace

Timestamp parse_moment(std::string_view text, Timestamp reference) {
    if (text != "0") {
        try {
            return before(reference, parse_duration(text));
        } catch (const Error&) {
            // It may be a time then.
        }
    }
    try {
        return to_timestamp(
            LayoutReader(layout_of(text), text).read(local_time(reference).parts.tm_gmtoff));
    } catch (const Error&) {
        // With a dash it was meant to be a date, and what is wrong with that is worth knowing.
        if (text.find('-') != std::string_view::npos) throw;
    }
    if (const auto time = parse_unix_time(text)) return *time;
    throw Error(ErrorKind::invalid, "failed to parse value as time or duration: {}", quoted(text));
}

std::string local_text(Timestamp time) {
    if (time == Timestamp{}) return "0001-01-01 00:00:00 +0000 UTC";
    const LocalTime local = local_time(time);
    const std::tm& t = local.parts;
    return fmt::format("{:04}-{:02}-{:02} {:02}:{:02}:{:02} {} {}", t.tm_year + 1900, t.tm_mon + 1,
                       t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec, offset_text(t.tm_gmtoff, ""),
                       local.zone);
}

std::string local_rfc3339(Timestamp time) {
    if (time == Timestamp{}) return "0001-01-01T00:00:00Z";
    const std::tm t = local_time(time).parts;
    return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{}", t.tm_year + 1900, t.tm_mon + 1,
                       t.tm_mday, t.tm_hour, t.tm_min, t.tm_sec,
                       t.tm_gmtoff == 0 ? "Z" : offset_text(t.tm_gmtoff, ":"));
}

}  // namespace skiff
