// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/container_maps.h"

#include <algorithm>

#include "base/error.h"

namespace skiff::runtime {
namespace {

using Ranges = std::vector<SubordinateRange>;

std::uint64_t end_of(const SubordinateRange& range) {
    return std::uint64_t{range.first} + range.count;
}

SubordinateRange from_to(std::uint64_t first, std::uint64_t end) {
    return {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(end - first)};
}

Ranges sorted_and_merged(Ranges ranges) {
    std::ranges::sort(ranges, {}, &SubordinateRange::first);
    Ranges merged;
    for (const SubordinateRange& range : ranges) {
        if (range.count == 0) continue;
        if (!merged.empty() && end_of(merged.back()) >= range.first) {
            const std::uint64_t end = std::max(end_of(merged.back()), end_of(range));
            merged.back() = from_to(merged.back().first, end);
        } else {
            merged.push_back(range);
        }
    }
    return merged;
}

std::vector<IdExtent> sorted_and_merged(std::vector<IdExtent> map) {
    std::ranges::sort(map, {}, &IdExtent::inside);
    std::vector<IdExtent> merged;
    for (const IdExtent& extent : map) {
        if (!merged.empty() && merged.back().inside + merged.back().count == extent.inside &&
            merged.back().outside + merged.back().count == extent.outside) {
            merged.back().count += extent.count;
        } else {
            merged.push_back(extent);
        }
    }
    return merged;
}

/// Puts `count` ids of `ranges` at the lowest places inside that `map` leaves free; returns how
/// many did not fit into the ranges.
std::uint64_t fill(std::vector<IdExtent>& map, std::span<const SubordinateRange> ranges,
                   std::uint64_t count) {
    const std::vector<IdExtent> given = sorted_and_merged(map);
    std::uint64_t inside = 0;
    auto next = given.begin();
    for (SubordinateRange range : ranges) {
        while (count > 0 && range.count > 0) {
            while (next != given.end() && next->inside <= inside) {
                inside = std::max(inside, std::uint64_t{next->inside} + next->count);
                ++next;
            }
            std::uint64_t n = std::min<std::uint64_t>(count, range.count);
            if (next != given.end()) n = std::min(n, next->inside - inside);
            map.push_back(
                {static_cast<std::uint32_t>(inside), range.first, static_cast<std::uint32_t>(n)});
            inside += n;
            range = from_to(range.first + n, end_of(range));
            count -= n;
        }
    }
    map = sorted_and_merged(std::move(map));
    return count;
}

std::uint64_t total(std::span<const SubordinateRange> ranges) {
    std::uint64_t count = 0;
    for (const SubordinateRange& range : ranges) count += range.count;
    return count;
}

}  // namespace

std::vector<SubordinateRange> lendable_ids(std::span<const IdExtent> map) {
    Ranges ranges;
    for (const IdExtent& extent : map) {
        const std::uint64_t end = std::uint64_t{extent.inside} + extent.count;
        ranges.push_back(from_to(std::max<std::uint64_t>(extent.inside, 1), end));
    }
    return sorted_and_merged(std::move(ranges));
}

std::vector<SubordinateRange> free_ids(std::span<const SubordinateRange> ranges,
                                       std::span<const IdExtent> used) {
    Ranges taken;
    for (const IdExtent& extent : used) taken.push_back({extent.outside, extent.count});
    taken = sorted_and_merged(std::move(taken));
    Ranges free;
    for (const SubordinateRange& range : sorted_and_merged(Ranges(ranges.begin(), ranges.end()))) {
        std::uint64_t at = range.first;
        for (const SubordinateRange& hole : taken) {
            if (end_of(hole) <= at || hole.first >= end_of(range)) continue;
            if (hole.first > at) free.push_back(from_to(at, hole.first));
            at = std::min(end_of(hole), end_of(range));
        }
        if (at < end_of(range)) free.push_back(from_to(at, end_of(range)));
    }
    return free;
}

std::vector<IdExtent> keep_id_map(std::uint32_t kept, std::span<const SubordinateRange> ranges,
                                  std::optional<std::uint32_t> size) {
    const std::uint64_t there = total(ranges) + 1;
    if (size && (*size == 0 || *size > there))
        throw Error(ErrorKind::invalid,
                    "a user namespace of {} ids cannot be had: you have {} (see subuid(5))", *size,
                    there);
    std::vector<IdExtent> map{{kept, 0, 1}};
    fill(map, ranges, size.value_or(static_cast<std::uint32_t>(there)) - 1);
    return map;
}

std::vector<IdExtent> nomap_map(std::span<const SubordinateRange> ranges) {
    std::vector<IdExtent> map;
    fill(map, ranges, total(ranges));
    return map;
}

std::vector<IdExtent> automatic_map(std::span<const IdExtent> given,
                                    std::span<const SubordinateRange> free, std::uint32_t size) {
    std::vector<IdExtent> map(given.begin(), given.end());
    std::uint64_t have = 0;
    for (const IdExtent& extent : map) have += extent.count;
    if (have >= size) return sorted_and_merged(std::move(map));
    const Ranges left = free_ids(free, given);
    if (fill(map, left, size - have) > 0)
        throw Error(ErrorKind::conflict,
                    "could not find enough available IDs: {} are wanted, {} are free", size - have,
                    total(left));
    return map;
}

std::vector<IdExtent> along_extents(std::span<const IdExtent> map,
                                    std::span<const IdExtent> parent) {
    std::vector<IdExtent> pieces;
    for (const IdExtent& extent : map) {
        for (const IdExtent& above : parent) {
            const std::uint64_t first = std::max(extent.outside, above.inside);
            const std::uint64_t end = std::min(std::uint64_t{extent.outside} + extent.count,
                                               std::uint64_t{above.inside} + above.count);
            if (first >= end) continue;
            const SubordinateRange part = from_to(first, end);
            pieces.push_back(
                {extent.inside + (part.first - extent.outside), part.first, part.count});
        }
    }
    std::ranges::sort(pieces, {}, &IdExtent::inside);
    return pieces;
}

std::optional<std::uint32_t> unmapped_id(std::span<const IdExtent> map,
                                         std::span<const SubordinateRange> ranges) {
    if (!to_inside(map, 0)) return 0;
    const Ranges left = free_ids(ranges, map);
    if (left.empty()) return std::nullopt;
    return left.front().first;
}

bool is_identity(std::span<const IdExtent> map) {
    return std::ranges::all_of(
        map, [](const IdExtent& extent) { return extent.inside == extent.outside; });
}

}  // namespace skiff::runtime
