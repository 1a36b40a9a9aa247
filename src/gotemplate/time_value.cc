// SPDX-License-Identifier: Apache-2.0
#include "gotemplate/time_value.h"

#include <chrono>
#include <cstdint>

#include "base/duration.h"

namespace skiff::gotemplate {
namespace {

int64_t nanoseconds(const void* duration) {
    return static_cast<const Value*>(duration)->integer();
}

template <int64_t unit>
Value whole(const void* duration, const Field&, Scratch&) {
    return Value::of(nanoseconds(duration) / unit);
}

/// As Go: the whole part and the rest apart, which loses less.
template <int64_t unit>
Value fractional(const void* duration, const Field&, Scratch&) {
    const int64_t value = nanoseconds(duration);
    return Value::of(static_cast<double>(value / unit) +
                     static_cast<double>(value % unit) / static_cast<double>(unit));
}

Value duration_as_text(const void* duration, const Field&, Scratch& scratch) {
    return Value::of(scratch.keep(duration_text(std::chrono::nanoseconds(nanoseconds(duration)))));
}

Value time_as_text(const void* time, const Field&, Scratch& scratch) {
    const std::string_view text = static_cast<const Value*>(time)->text();
    constexpr size_t date_length = 10;
    if (text.size() <= date_length || text[date_length] != 'T' || !text.ends_with('Z'))
        return Value::of(text);
    std::string spaced(text.substr(0, text.size() - 1));
    spaced[date_length] = ' ';
    return Value::of(scratch.keep(spaced + " +0000 UTC"));
}

constexpr int64_t microsecond = 1000;
constexpr int64_t millisecond = 1000 * microsecond;
constexpr int64_t second = 1000 * millisecond;
constexpr int64_t minute = 60 * second;
constexpr int64_t hour = 60 * minute;

constexpr Field duration_methods[] = {
    {.name = "Hours", .get = fractional<hour>, .type = &float64_type, .method = true},
    {.name = "Microseconds", .get = whole<microsecond>, .type = &int64_type, .method = true},
    {.name = "Milliseconds", .get = whole<millisecond>, .type = &int64_type, .method = true},
    {.name = "Minutes", .get = fractional<minute>, .type = &float64_type, .method = true},
    {.name = "Nanoseconds", .get = whole<1>, .type = &int64_type, .method = true},
    {.name = "Seconds", .get = fractional<second>, .type = &float64_type, .method = true},
    {.name = "String", .get = duration_as_text, .type = &string_type, .method = true},
};
constexpr Field time_methods[] = {
    {.name = "String", .get = time_as_text, .type = &string_type, .method = true},
};

}  // namespace

constexpr Type duration_type{
    .kind = Kind::integer, .name = "time.Duration", .fields = duration_methods};
constexpr Type time_type{.kind = Kind::string, .name = "time.Time", .fields = time_methods};

}  // namespace skiff::gotemplate
