// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/location.h"

#include <algorithm>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>
#include <sys/stat.h>

#include "base/fd.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

constexpr std::string_view unified_name = "unified";
constexpr std::string_view parent_name = "/skiff";
constexpr std::string_view monitors_name = "monitors";
constexpr std::string_view payload_name = "payload";
constexpr std::string_view monitor_name = "monitor";

/// Our own place: nobody's but root's, systemd's (slices and scopes at the top), or ours.
bool is_free_to_leave(const std::string& own) {
    if (own == "/") return true;
    const std::string_view first = cut(std::string_view(own).substr(1), '/').before;
    return first.ends_with(".slice") || first.ends_with(".scope") || first == parent_name.substr(1);
}

std::string join_path(const std::string& directory, std::string_view rest) {
    return directory == "/" ? std::string(rest) : fmt::format("{}{}", directory, rest);
}

/// Below a parent that somebody else named: what is ours shows its owner.
std::string own_name(std::string_view id) {
    return fmt::format("skiff-{}", id);
}

}  // namespace

std::string scope_name(std::string_view id) {
    return fmt::format("skiff-{}.scope", id);
}

GroupLocation locate_in_scope(const std::string& scope) {
    return {{{std::string(unified_name), fmt::format("{}/{}", scope, payload_name)}},
            fmt::format("{}/{}", scope, monitor_name)};
}

std::optional<std::string> plain_cgroup_parent(std::string_view text) {
    std::string path;
    for (const std::string_view part : split(text, '/')) {
        if (part.empty() || part == ".") continue;
        if (part == "..") return std::nullopt;
        path += '/';
        path += part;
    }
    if (path.empty()) return std::nullopt;
    return path;
}

GroupLocation locate_groups(const std::vector<CgroupHierarchy>& hierarchies, std::string_view id,
                            const GroupCaller& caller, const GroupWish& wish) {
    GroupLocation location;
    const std::string below = wish.parent.empty() || !caller.root
                                  ? fmt::format("{}/{}", parent_name, id)
                                  : fmt::format("{}/{}", wish.parent, own_name(id));
    const auto add = [&](const CgroupHierarchy& hierarchy, std::string_view name,
                         const std::string& parent) {
        location.groups.push_back({std::string(name), parent + below});
        if (name == unified_name)
            location.monitor =
                fmt::format("{}{}/{}", hierarchy.mount_point, parent_name, monitors_name);
    };
    const CgroupHierarchy* unified = find_unified(hierarchies);
    if (!caller.root) {
        // Beside the processes that are there already: no controllers then, but it freezes and
        // kills. The monitor stays with them.
        if (unified == nullptr || !caller.owns_unified || unified->own == "/") return location;
        add(*unified, unified_name, join_path(unified->mount_point, unified->own));
        location.monitor.clear();
        return location;
    }
    if (unified != nullptr && is_free_to_leave(unified->own))
        add(*unified, unified_name, unified->mount_point);
    const auto add_v1 = [&](std::string_view controller, bool wanted) {
        const CgroupHierarchy* hierarchy = find_controller(hierarchies, controller);
        if (hierarchy == nullptr) return;
        const bool present =
            std::any_of(location.groups.begin(), location.groups.end(),
                        [&](const ContainerGroup& group) { return group.hierarchy == controller; });
        if (present) return;
        if (is_free_to_leave(hierarchy->own)) {
            add(*hierarchy, controller, hierarchy->mount_point);
        } else if (wanted) {
            add(*hierarchy, controller, join_path(hierarchy->mount_point, hierarchy->own));
        }
    };
    if (location.groups.empty()) add_v1("freezer", false);
    add_v1("memory", false);
    for (const std::string_view controller : wish.controllers) add_v1(controller, true);
    return location;
}

GroupCaller find_group_caller(const std::vector<CgroupHierarchy>& hierarchies, bool root) {
    GroupCaller caller;
    caller.root = root;
    const CgroupHierarchy* unified = find_unified(hierarchies);
    if (root || unified == nullptr) return caller;
    const Fd own = find_at(AT_FDCWD, join_path(unified->mount_point, unified->own),
                           O_PATH | O_DIRECTORY | O_NOFOLLOW);
    struct stat status{};
    caller.owns_unified =
        own.valid() && fstat(own.get(), &status) == 0 && status.st_uid == geteuid();
    return caller;
}

std::string to_word(const std::vector<ContainerGroup>& groups) {
    std::string word;
    for (const ContainerGroup& group : groups) {
        if (!word.empty()) word += ',';
        word += fmt::format("{}={}", group.hierarchy, group.path);
    }
    return word;
}

std::vector<ContainerGroup> parse_groups_word(std::string_view word) {
    std::vector<ContainerGroup> groups;
    if (word.empty()) return groups;
    for (const std::string_view part : split(word, ',')) {
        const Cut pair = cut(part, '=');
        if (pair.found) groups.push_back({std::string(pair.before), std::string(pair.after)});
    }
    return groups;
}

bool belongs_to(const ContainerGroup& group, std::string_view id) {
    if (!is_plain_path(group.path) || id.empty()) return false;
    const auto parts = split(group.path, '/');
    if (parts.size() < 3) return false;
    const std::string_view last = parts[parts.size() - 1];
    const std::string_view parent = parts[parts.size() - 2];
    if (parent == parent_name.substr(1)) return last == id;
    if (last == own_name(id)) return true;
    return group.hierarchy == unified_name && last == payload_name && parent == scope_name(id);
}

}  // namespace skiff::runtime
