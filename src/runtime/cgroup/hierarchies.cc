// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/hierarchies.h"

#include <algorithm>
#include <optional>

#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"

namespace skiff::runtime {
namespace {

constexpr size_t table_limit = 16U << 20U;

struct MountEntry {
    std::string_view id;
    std::string_view parent;
    std::string root;
    std::string point;
    std::string_view type;
    std::string_view options;  ///< of the super block
};

/// Blanks, newlines and backslashes are written as three octal digits.
std::string unescape(std::string_view text) {
    std::string result;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\\' && i + 3 < text.size()) {
            if (const auto code = parse_number<unsigned>(text.substr(i + 1, 3), 8);
                code && *code < 256) {
                result += static_cast<char>(*code);
                i += 3;
                continue;
            }
        }
        result += text[i];
    }
    return result;
}

/// "36 35 98:0 /root /point options optional… - type source super-options"
std::optional<MountEntry> parse_mount(std::string_view line) {
    const size_t dash = line.find(" - ");
    if (dash == std::string_view::npos) return std::nullopt;
    const auto before = split(line.substr(0, dash), ' ');
    const auto after = split(line.substr(dash + 3), ' ');
    if (before.size() < 6 || after.size() < 3) return std::nullopt;
    return MountEntry{before[0],           before[1], unescape(before[3]),
                      unescape(before[4]), after[0],  after[2]};
}

/// Another mount lies on it, or on a mount that it is below of: its path leads elsewhere.
bool is_covered(const MountEntry& entry, const std::vector<MountEntry>& all) {
    const MountEntry* at = &entry;
    const MountEntry* child = nullptr;
    // A table that was changed while it was read could name a circle.
    for (size_t steps = 0; at != nullptr && steps < all.size(); ++steps) {
        const MountEntry* parent = nullptr;
        for (const MountEntry& other : all) {
            if (other.parent == at->id && other.point == at->point && other.id != at->id &&
                &other != child)
                return true;
            if (other.id == at->parent && other.id != at->id) parent = &other;
        }
        child = at;
        at = parent;
    }
    return false;
}

/// Mounts of both versions; what cannot be reached by its path is left out.
std::vector<MountEntry> parse_mounts(std::string_view table) {
    std::vector<MountEntry> all;
    for (const std::string_view line : split(table, '\n'))
        if (auto entry = parse_mount(line)) all.push_back(std::move(*entry));
    std::vector<MountEntry> list;
    for (const MountEntry& entry : all) {
        if (entry.type != "cgroup" && entry.type != "cgroup2") continue;
        if (!is_covered(entry, all)) list.push_back(entry);
    }
    return list;
}

bool is_of(const MountEntry& mount, const CgroupHierarchy& hierarchy) {
    if (hierarchy.unified) return mount.type == "cgroup2";
    if (mount.type != "cgroup") return false;
    const auto words = split(mount.options, ',');
    return std::all_of(hierarchy.controllers.begin(), hierarchy.controllers.end(),
                       [&](const std::string& name) {
                           return std::find(words.begin(), words.end(), name) != words.end();
                       });
}

/// `path` as seen from the mount of the part `root`; nothing when it lies outside.
std::optional<std::string> below(const std::string& root, const std::string& path) {
    if (root == "/") return path;
    if (path == root) return "/";
    if (path.starts_with(root + "/")) return path.substr(root.size());
    return std::nullopt;
}

}  // namespace

bool CgroupHierarchy::has(std::string_view controller) const {
    return std::find(controllers.begin(), controllers.end(), controller) != controllers.end();
}

bool is_plain_path(std::string_view path) {
    if (path == "/") return true;
    if (!path.starts_with('/')) return false;
    const auto parts = split(path.substr(1), '/');
    return std::none_of(parts.begin(), parts.end(), [](std::string_view part) {
        return part.empty() || part == "." || part == "..";
    });
}

std::vector<CgroupHierarchy> parse_cgroup_hierarchies(std::string_view memberships,
                                                      std::string_view mount_table) {
    const std::vector<MountEntry> mounts = parse_mounts(mount_table);
    std::vector<CgroupHierarchy> list;
    for (const std::string_view line : split(memberships, '\n')) {
        // "number:controllers:path"; a path may have colons itself.
        const Cut number = cut(line, ':');
        const Cut rest = cut(number.after, ':');
        if (!number.found || !rest.found) continue;
        CgroupHierarchy hierarchy;
        hierarchy.unified = number.before == "0" && rest.before.empty();
        if (!hierarchy.unified) {
            if (rest.before.empty()) continue;
            for (const std::string_view name : split(rest.before, ','))
                hierarchy.controllers.emplace_back(name);
        }
        // A removed group ends in " (deleted)": nothing can be made in it, which a plain look finds
        // out.
        const std::string path(rest.after);
        if (!is_plain_path(path)) continue;
        for (const MountEntry& mount : mounts) {
            if (!is_of(mount, hierarchy) || !is_plain_path(mount.root)) continue;
            const auto own = below(mount.root, path);
            if (!own || !is_plain_path(mount.point)) continue;
            hierarchy.mount_point = mount.point;
            hierarchy.own = *own;
            list.push_back(hierarchy);
            break;
        }
    }
    return list;
}

std::vector<CgroupHierarchy> find_cgroup_hierarchies() {
    const auto memberships = find_file(AT_FDCWD, "/proc/self/cgroup", table_limit);
    if (!memberships) return {};
    return parse_cgroup_hierarchies(
        *memberships, find_file(AT_FDCWD, "/proc/self/mountinfo", table_limit).value_or(""));
}

const CgroupHierarchy* find_unified(const std::vector<CgroupHierarchy>& hierarchies) {
    for (const CgroupHierarchy& hierarchy : hierarchies)
        if (hierarchy.unified) return &hierarchy;
    return nullptr;
}

const CgroupHierarchy* find_controller(const std::vector<CgroupHierarchy>& hierarchies,
                                       std::string_view controller) {
    for (const CgroupHierarchy& hierarchy : hierarchies)
        if (hierarchy.has(controller)) return &hierarchy;
    return nullptr;
}

}  // namespace skiff::runtime
