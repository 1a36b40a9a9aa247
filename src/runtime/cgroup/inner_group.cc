// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/inner_group.h"

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup/group_files.h"
#include "runtime/cgroup/hierarchies.h"

namespace skiff::runtime {
namespace {

constexpr std::size_t proc_limit = 64UL * 1024;

}  // namespace

std::optional<std::string> membership_below(std::string_view memberships, std::string_view path) {
    constexpr std::string_view unified = "0::";
    for (const std::string_view line : split(memberships, '\n')) {
        if (!line.starts_with(unified)) continue;
        const std::string_view member = line.substr(unified.size());
        // The longest end of the path that begins the membership: what is before it is the mount
        // point.
        for (size_t at = 0; at < path.size(); at = path.find('/', at + 1)) {
            const std::string_view end = path.substr(at);
            if (member.size() > end.size() + 1 && member.starts_with(end) &&
                member[end.size()] == '/')
                return std::string(member.substr(end.size() + 1));
        }
    }
    return std::nullopt;
}

Fd open_inner_group(const ContainerGroups& groups, pid_t init) {
    const int own = groups.unified();
    if (own < 0 || trim(read_text(own, "cgroup.subtree_control")).empty()) return Fd();
    const auto memberships = find_file(AT_FDCWD, fmt::format("/proc/{}/cgroup", init), proc_limit);
    for (const ContainerGroup& group : groups.recorded()) {
        if (group.hierarchy != "unified") continue;
        const auto below = membership_below(memberships.value_or(""), group.path);
        // Its names are the container's. The kernel's file system of groups knows no links and no
        // "..".
        if (below && is_plain_path("/" + *below))
            return find_at(own, *below, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    }
    return Fd();
}

}  // namespace skiff::runtime
