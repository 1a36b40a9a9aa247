// SPDX-License-Identifier: Apache-2.0
// What people type after --filter, --since and --memory: a duration prints as one that reads the
// same, a moment is a point in time whatever the zone, and columns lose no character.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "base/duration.h"
#include "base/error.h"
#include "base/moment.h"
#include "base/size.h"
#include "format/columns.h"
#include "format/filters.h"

namespace {

using namespace skiff;

template <typename Act>
bool is_taken(Act&& act) {
    try {
        act();
        return true;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid) std::abort();
        return false;
    }
}

void check_duration(std::string_view text) {
    const auto duration = parse_duration(text);
    if (parse_duration(duration_text(duration)) != duration) std::abort();
    if (human_duration(duration).empty()) std::abort();
}

void check_size(std::string_view text) {
    // A thousand is less than 1024 of the same.
    if (is_taken([&] { parse_decimal_size(text); }) != true) return;
    std::uint64_t binary = 0;
    if (is_taken([&] { binary = parse_binary_size(text); }) && binary < parse_decimal_size(text))
        std::abort();
}

std::string without_blanks(std::string_view text) {
    std::string rest;
    std::ranges::copy_if(text, std::back_inserter(rest), [](char c) {
        return std::string_view(" \t\v\n\f").find(c) == std::string_view::npos;
    });
    return rest;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    is_taken([&] { check_duration(text); });
    is_taken([&] { parse_moment(text, Timestamp(std::chrono::seconds(1'800'000'000))); });
    check_size(text);
    if (without_blanks(format::align_columns(text)) != without_blanks(text)) std::abort();
    format::Filters filters;
    if (is_taken([&] { filters.add(text); }) && !filters.empty())
        filters.match_labels({{"a", "b"}});
    return 0;
}
