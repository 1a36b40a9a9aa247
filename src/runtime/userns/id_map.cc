// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/id_map.h"

#include <algorithm>
#include <limits>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

constexpr std::uint64_t id_limit = std::numeric_limits<std::uint32_t>::max();
constexpr size_t max_file_size = 4 << 20;

using Side = std::uint32_t IdExtent::*;

void check_side(std::span<const IdExtent> map, Side side, std::string_view what,
                std::string_view side_name) {
    std::vector<IdExtent> sorted(map.begin(), map.end());
    std::ranges::sort(sorted, {}, side);
    for (size_t i = 0; i < sorted.size(); ++i) {
        const std::uint64_t end = std::uint64_t{sorted[i].*side} + sorted[i].count;
        if (sorted[i].count == 0 || end > id_limit)
            throw Error(ErrorKind::invalid, "{}: the extent {}:{} is empty or ends above {}", what,
                        sorted[i].*side, sorted[i].count, id_limit - 1);
        if (i + 1 < sorted.size() && sorted[i + 1].*side < end)
            throw Error(ErrorKind::invalid, "{}: id {} {} is mapped twice", what,
                        sorted[i + 1].*side, side_name);
    }
}

std::optional<std::uint32_t> translate(std::span<const IdExtent> map, std::uint32_t id, Side from,
                                       Side to) {
    for (const IdExtent& extent : map)
        if (id >= extent.*from && id - extent.*from < extent.count)
            return extent.*to + (id - extent.*from);
    return std::nullopt;
}

}  // namespace

std::vector<IdExtent> make_id_map(std::uint32_t own_id, std::span<const SubordinateRange> ranges) {
    std::vector<IdExtent> map{{0, own_id, 1}};
    std::uint64_t inside = 1;
    for (const SubordinateRange& range : ranges) {
        if (inside + range.count > id_limit)
            throw Error(ErrorKind::invalid, "the granted id ranges hold more than {} ids",
                        id_limit - 1);
        map.push_back({static_cast<std::uint32_t>(inside), range.first, range.count});
        inside += range.count;
    }
    check_id_map(map, "the granted id ranges");
    return map;
}

void check_id_map(std::span<const IdExtent> map, std::string_view what) {
    if (map.empty() || map.size() > max_id_extents)
        throw Error(ErrorKind::invalid, "{}: {} extents, the kernel takes 1 to {}", what,
                    map.size(), max_id_extents);
    check_side(map, &IdExtent::inside, what, "inside the container");
    check_side(map, &IdExtent::outside, what, "of the host");
}

std::optional<std::uint32_t> to_outside(std::span<const IdExtent> map, std::uint32_t inside) {
    return translate(map, inside, &IdExtent::inside, &IdExtent::outside);
}

std::optional<std::uint32_t> to_inside(std::span<const IdExtent> map, std::uint32_t outside) {
    return translate(map, outside, &IdExtent::outside, &IdExtent::inside);
}

std::string to_kernel_text(std::span<const IdExtent> map) {
    std::string text;
    for (const IdExtent& extent : map)
        text += fmt::format("{} {} {}\n", extent.inside, extent.outside, extent.count);
    return text;
}

std::vector<IdExtent> parse_kernel_text(std::string_view text, std::string_view what) {
    std::vector<IdExtent> map;
    for (const std::string_view line : split(text, '\n')) {
        std::vector<std::uint32_t> numbers;
        bool good = true;
        for (const std::string_view word : split(line, ' ')) {
            if (word.empty()) continue;
            const auto number = parse_number<std::uint32_t>(word);
            good = good && number.has_value();
            numbers.push_back(number.value_or(0));
        }
        if (numbers.empty()) continue;
        if (!good || numbers.size() != 3)
            throw Error(ErrorKind::invalid, "{}: malformed line '{}'", what, line);
        map.push_back({numbers[0], numbers[1], numbers[2]});
    }
    return map;
}

IdMaps read_id_maps(pid_t pid) {
    const auto read = [&](const char* name) {
        const std::string path = fmt::format("/proc/{}/{}", pid, name);
        return parse_kernel_text(read_file(path, max_file_size), path);
    };
    return {read("uid_map"), read("gid_map")};
}

IdMaps own_id_maps() {
    IdMaps maps = read_id_maps(getpid());
    for (auto* map : {&maps.uids, &maps.gids})
        for (IdExtent& extent : *map) extent.outside = extent.inside;
    return maps;
}

IdMaps default_id_maps(uid_t uid, gid_t gid, const std::string& login_name,
                       const IdSources& sources) {
    const auto read = [](const std::string& path) {
        return find_file(AT_FDCWD, path, max_file_size).value_or("");
    };
    std::string name = find_user_name(read(sources.passwd), uid);
    if (name.empty()) name = login_name;
    const auto uids = parse_subordinate_ids(read(sources.subuid), sources.subuid, {name, uid, uid});
    const auto gids = parse_subordinate_ids(read(sources.subgid), sources.subgid, {name, uid, gid});
    if (uids.empty() != gids.empty()) {
        const std::string& has = uids.empty() ? sources.subgid : sources.subuid;
        const std::string& lacks = uids.empty() ? sources.subuid : sources.subgid;
        const std::string who = name.empty() ? std::to_string(uid) : name;
        throw Error(
            ErrorKind::invalid,
            "'{}' has a range for '{}' but '{}' has none; as root: usermod {} 100000-165535 {}",
            has, who, lacks, uids.empty() ? "--add-subuids" : "--add-subgids", who);
    }
    return {make_id_map(uid, uids), make_id_map(gid, gids)};
}

}  // namespace skiff::runtime
