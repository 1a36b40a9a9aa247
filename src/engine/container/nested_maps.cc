// SPDX-License-Identifier: Apache-2.0
#include "engine/container/nested_maps.h"

#include <algorithm>
#include <cstdint>

#include "base/error.h"
#include "engine/builtin/built_in_image.h"
#include "runtime/capabilities/capability_set.h"

namespace skiff::engine {

std::optional<runtime::IdMaps> nested_id_maps(const ContainerRecord& record,
                                              const runtime::HostFacts& host) {
    if (record.id_maps) return record.id_maps;
    if (record.built_in.empty()) return std::nullopt;
    const bool has_binds =
        std::any_of(record.mounts.begin(), record.mounts.end(), [](const MountRequest& mount) {
            return mount.type == MountType::bind || mount.type == MountType::volume;
        });
    return built_in_id_maps(record.built_in, host.maps, has_binds);
}

runtime::HostFacts facts_of_nested(runtime::HostFacts host, const runtime::IdMaps& maps) {
    constexpr gid_t tty = 5;
    host.in_user_namespace = true;
    host.can_set_groups = !maps.single_id();
    host.has_tty_group = to_outside(maps.gids, tty).has_value();
    host.can_raise_limits = false;
    host.available_capabilities = runtime::kernel_capabilities().bits();
    return host;
}

void describe_maps(const runtime::IdMaps& maps, SpecFacts& facts) {
    for (const runtime::IdExtent& row : maps.uids)
        facts.uid_mappings.push_back({row.inside, row.outside, row.count});
    for (const runtime::IdExtent& row : maps.gids)
        facts.gid_mappings.push_back({row.inside, row.outside, row.count});
}

Owner root_owner(const std::optional<runtime::IdMaps>& nested) {
    if (!nested) return {};
    return {to_outside(nested->uids, 0).value_or(0), to_outside(nested->gids, 0).value_or(0)};
}

void require_mapped(const ContainerUser& user, const ContainerRecord& record,
                    const runtime::IdMaps& maps) {
    const auto refuse = [&](const char* what, std::uint32_t id,
                            const std::vector<runtime::IdExtent>& map, const char* file) {
        if (runtime::to_outside(map, id)) return;
        std::uint64_t last = 0;
        for (const runtime::IdExtent& extent : map)
            last = std::max(last, std::uint64_t{extent.inside} + extent.count - 1);
        const std::string remedy =
            record.built_in.empty()
                ? fmt::format(
                      "; with a larger range for you in {} (see subuid(5)), containers that "
                      "are started from then on have more",
                      file)
                : "";
        throw Error(ErrorKind::invalid,
                    "the {} {} cannot be had in container {}: the ids in its user namespace end "
                    "at {}{}",
                    what, id, record.name, last, remedy);
    };
    refuse("user", user.uid, maps.uids, "/etc/subuid");
    refuse("group", user.gid, maps.gids, "/etc/subgid");
    // Of a single id, setgroups(2) is denied anyway, and nobody has groups.
    if (maps.single_id()) return;
    for (const std::uint32_t group : user.groups) refuse("group", group, maps.gids, "/etc/subgid");
}

}  // namespace skiff::engine
