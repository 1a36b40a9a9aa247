// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/stored_id_map.h"

#include "base/error.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

constexpr std::string_view heading = "skiff-idmap ";
constexpr int version = 1;

void append(std::string& text, char side, const std::vector<IdExtent>& map) {
    for (const IdExtent& extent : map)
        text += fmt::format("{} {} {} {}\n", side, extent.inside, extent.outside, extent.count);
}

/// Whether each id of `stored` is the same id in `current`.
bool keeps_meaning(const std::vector<IdExtent>& stored, const std::vector<IdExtent>& current) {
    for (const IdExtent& extent : stored) {
        // An extent may be cut into several by now: walk it in pieces.
        std::uint64_t done = 0;
        while (done < extent.count) {
            const auto at = static_cast<std::uint32_t>(extent.inside + done);
            std::uint64_t step = 0;
            for (const IdExtent& now : current) {
                if (at < now.inside || at - now.inside >= now.count) continue;
                if (now.outside + (at - now.inside) != extent.outside + done) return false;
                step = now.count - (at - now.inside);
            }
            if (step == 0) return false;
            done += step;
        }
    }
    return true;
}

/// "1000:1, 100000:65536": host ids in the order of the ids inside, for people.
std::string describe(const std::vector<IdExtent>& map) {
    std::vector<std::string> parts;
    for (const IdExtent& extent : map)
        parts.push_back(fmt::format("{}:{}", extent.outside, extent.count));
    return join(parts, ", ");
}

}  // namespace

std::string save_id_maps(const IdMaps& maps) {
    std::string text = fmt::format("{}{}\n", heading, version);
    append(text, 'u', maps.uids);
    append(text, 'g', maps.gids);
    return text;
}

IdMaps load_id_maps(std::string_view text, std::string_view file) {
    const Cut first = cut(text, '\n');
    if (!first.before.starts_with(heading))
        throw Error(ErrorKind::invalid, "'{}' is not a map of ids", file);
    const auto found = parse_number<int>(first.before.substr(heading.size()));
    if (found != version)
        throw Error(ErrorKind::unsupported, "'{}' has the format '{}', this skiff knows {}", file,
                    first.before.substr(heading.size()), version);
    IdMaps maps;
    for (const std::string_view line : split(first.after, '\n')) {
        if (line.empty()) continue;
        if (!line.starts_with("u ") && !line.starts_with("g "))
            throw Error(ErrorKind::invalid, "'{}': malformed line '{}'", file, line);
        auto& map = line[0] == 'u' ? maps.uids : maps.gids;
        for (const IdExtent& extent : parse_kernel_text(line.substr(2), file))
            map.push_back(extent);
    }
    check_id_map(maps.uids, file);
    check_id_map(maps.gids, file);
    return maps;
}

IdMapChange compare_id_maps(const IdMaps& stored, const IdMaps& current) {
    if (stored == current) return IdMapChange::none;
    const bool kept =
        keeps_meaning(stored.uids, current.uids) && keeps_meaning(stored.gids, current.gids);
    return kept ? IdMapChange::extended : IdMapChange::changed;
}

void require_compatible_id_maps(const IdMaps& stored, const IdMaps& current,
                                std::string_view file) {
    if (compare_id_maps(stored, current) != IdMapChange::changed) return;
    const bool uids = !keeps_meaning(stored.uids, current.uids);
    throw Error(ErrorKind::conflict,
                "the ids granted in {} have changed since this store was made ('{}' says {}, now "
                "{}): its files "
                "would belong to others; restore the old range (and run 'skiff system reset' "
                "before changing it)",
                uids ? "/etc/subuid" : "/etc/subgid", file,
                describe(uids ? stored.uids : stored.gids),
                describe(uids ? current.uids : current.gids));
}

}  // namespace skiff::runtime
