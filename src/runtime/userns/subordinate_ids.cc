// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/subordinate_ids.h"

#include <algorithm>
#include <limits>

#include "base/error.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

// (uid_t)-1 means "no change" to the kernel and is nobody's id.
constexpr std::uint64_t id_limit = std::numeric_limits<std::uint32_t>::max();

std::uint64_t end_of(const SubordinateRange& range) {
    return std::uint64_t{range.first} + range.count;
}

bool contains(const SubordinateRange& range, std::uint32_t id) {
    return id >= range.first && id < end_of(range);
}

/// Adds what of `range` is not yet in `ranges`; a part that directly continues the last one extends
/// it.
void add(std::vector<SubordinateRange>& ranges, SubordinateRange range) {
    std::vector<SubordinateRange> known = ranges;
    std::ranges::sort(known, {}, &SubordinateRange::first);
    std::uint64_t at = range.first;
    const std::uint64_t end = end_of(range);
    const auto append = [&](std::uint64_t first, std::uint64_t last) {
        if (first >= last) return;
        if (!ranges.empty() && end_of(ranges.back()) == first)
            ranges.back().count += static_cast<std::uint32_t>(last - first);
        else
            ranges.push_back(
                {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(last - first)});
    };
    for (const SubordinateRange& taken : known) {
        if (end_of(taken) <= at) continue;
        if (taken.first >= end) break;
        append(at, taken.first);
        at = end_of(taken);
    }
    append(at, end);
}

SubordinateRange parse_range(const std::vector<std::string_view>& fields, std::string_view place) {
    const auto first = fields.size() == 3 ? parse_number<std::uint64_t>(fields[1]) : std::nullopt;
    const auto count = fields.size() == 3 ? parse_number<std::uint64_t>(fields[2]) : std::nullopt;
    if (!first || !count)
        throw Error(ErrorKind::invalid, "{}: expected 'user:first id:count'", place);
    if (*count == 0 || *first >= id_limit || *count > id_limit - *first)
        throw Error(ErrorKind::invalid, "{}: the range {}:{} is empty or ends above {}", place,
                    *first, *count, id_limit - 1);
    return {static_cast<std::uint32_t>(*first), static_cast<std::uint32_t>(*count)};
}

}  // namespace

std::vector<SubordinateRange> parse_subordinate_ids(std::string_view text, std::string_view file,
                                                    const SubordinateOwner& owner) {
    std::vector<SubordinateRange> ranges;
    const std::string number = std::to_string(owner.uid);
    int line_number = 0;
    for (const std::string_view line : split(text, '\n')) {
        ++line_number;
        const auto fields = split(trim(line), ':');
        if (fields[0].empty() || (fields[0] != owner.name && fields[0] != number)) continue;
        const std::string place = fmt::format("'{}', line {}", file, line_number);
        const SubordinateRange range = parse_range(fields, place);
        for (const std::uint32_t forbidden : {0U, owner.own_id})
            if (contains(range, forbidden))
                throw Error(ErrorKind::invalid,
                            "{}: the range {}:{} contains {} id {}; give '{}' another range there",
                            place, range.first, range.count,
                            forbidden == 0 ? "root's" : "the user's own", forbidden, fields[0]);
        add(ranges, range);
    }
    return ranges;
}

std::string find_user_name(std::string_view passwd, uid_t uid) {
    for (const std::string_view line : split(passwd, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() >= 3 && !fields[0].empty() && parse_number<uid_t>(fields[2]) == uid)
            return std::string(fields[0]);
    }
    return {};
}

}  // namespace skiff::runtime
