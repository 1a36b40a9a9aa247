// SPDX-License-Identifier: Apache-2.0
#include "engine/container/user.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/text.h"
#include "engine/container/request.h"

namespace skiff::engine {
namespace {

constexpr size_t file_limit = 16U << 20U;
constexpr size_t line_limit = 64U << 10U;
constexpr size_t group_limit = 65536;  // NGROUPS_MAX
constexpr std::uint32_t id_limit =
    0x7fffffffU;  // as Docker: beyond it int32 tools inside misbehave

bool is_number(std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::uint32_t> parse_id(std::string_view text) {
    const auto id = parse_number<std::uint32_t>(text);
    if (!id || *id > id_limit) return std::nullopt;
    return id;
}

std::uint32_t require_id(std::string_view text) {
    const auto id = parse_id(text);
    if (!id)
        throw Error(ErrorKind::invalid, "uids and gids must be in range 0-{}, not {}", id_limit,
                    printable(text));
    return *id;
}

/// Calls `visit` with the fields of each well-formed line of an absent or present colon file, until
/// it returns false.
void for_each_line(const RootDir& root, const char* path, size_t fields_wanted,
                   const std::function<bool(const std::vector<std::string_view>&)>& visit) {
    const std::string text = root.find_file(path, file_limit).value_or("");
    std::string_view rest = text;
    while (!rest.empty()) {
        const Cut line = cut(rest, '\n');
        rest = line.after;
        if (line.before.size() > line_limit)
            throw Error(ErrorKind::invalid, "a line of the container's {} is longer than {} bytes",
                        path, line_limit);
        const std::string_view content = trim(line.before);
        if (content.empty() || content[0] == '#') continue;
        const auto fields = split(content, ':');
        // A malformed line is nobody's: it is skipped, never guessed at.
        if (fields.size() < fields_wanted) continue;
        if (!visit(fields)) return;
    }
}

struct PasswdEntry {
    std::string name;
    std::uint32_t uid;
    std::uint32_t gid;
    std::string home;
};

std::optional<PasswdEntry> find_user(const RootDir& root, std::string_view wanted) {
    const auto wanted_id = is_number(wanted) ? parse_id(wanted) : std::nullopt;
    std::optional<PasswdEntry> by_id;
    std::optional<PasswdEntry> by_name;
    for_each_line(root, "/etc/passwd", 6, [&](const std::vector<std::string_view>& fields) {
        const auto uid = parse_id(fields[2]);
        const auto gid = parse_id(fields[3]);
        if (!uid || !gid) return true;
        const PasswdEntry entry{std::string(fields[0]), *uid, *gid, std::string(fields[5])};
        if (!by_name && fields[0] == wanted) by_name = entry;
        if (!by_id && wanted_id == uid) by_id = entry;
        return !by_name;
    });
    return by_name ? by_name : by_id;
}

std::optional<std::uint32_t> find_group(const RootDir& root, std::string_view wanted) {
    std::optional<std::uint32_t> found;
    for_each_line(root, "/etc/group", 3, [&](const std::vector<std::string_view>& fields) {
        if (fields[0] == wanted) found = parse_id(fields[2]);
        return !found;
    });
    return found;
}

std::vector<std::uint32_t> groups_of(const RootDir& root, const std::string& user) {
    std::vector<std::uint32_t> groups;
    for_each_line(root, "/etc/group", 4, [&](const std::vector<std::string_view>& fields) {
        for (const std::string_view member : split(fields[3], ',')) {
            if (trim(member) != user) continue;
            if (const auto gid = parse_id(fields[2])) groups.push_back(*gid);
            break;
        }
        if (groups.size() > group_limit)
            throw Error(ErrorKind::invalid, "the user '{}' is in more than {} groups",
                        printable(user), group_limit);
        return true;
    });
    return groups;
}

void add_group(const RootDir& root, const std::string& group, std::vector<std::uint32_t>& groups) {
    if (group == keep_groups) return;
    auto gid = find_group(root, group);
    if (!gid) {
        if (!is_number(group))
            throw Error(ErrorKind::not_found, "Unable to find group {}", printable(group));
        gid = require_id(group);
    }
    if (std::ranges::find(groups, *gid) == groups.end()) groups.push_back(*gid);
}

}  // namespace

ContainerUser resolve_user(const RootDir& root, const std::string& text,
                           const std::vector<std::string>& added) {
    const Cut parts = cut(text, ':');
    const std::string_view name = parts.before.empty() ? std::string_view("0") : parts.before;

    ContainerUser user;
    if (const auto entry = find_user(root, name)) {
        user.uid = entry->uid;
        user.gid = entry->gid;
        user.home = entry->home;
        if (!parts.found || parts.after.empty()) user.groups = groups_of(root, entry->name);
    } else if (is_number(name)) {
        user.uid = require_id(name);
        if (user.uid == 0) user.home = "/root";
    } else {
        throw Error(ErrorKind::not_found,
                    "unable to find user {}: no matching entries in passwd file", printable(name));
    }
    if (parts.found && !parts.after.empty()) {
        if (const auto gid = find_group(root, parts.after)) {
            user.gid = *gid;
        } else if (is_number(parts.after)) {
            user.gid = require_id(parts.after);
        } else {
            throw Error(ErrorKind::not_found,
                        "unable to find group {}: no matching entries in group file",
                        printable(parts.after));
        }
    }
    for (const std::string& group : added) add_group(root, group, user.groups);
    // Or a program that changes its gid could get away from a mode that refuses its group
    // (CVE-2022-36109).
    if (std::ranges::find(user.groups, user.gid) == user.groups.end())
        user.groups.insert(user.groups.begin(), user.gid);
    if (user.home.empty()) user.home = "/";
    return user;
}

}  // namespace skiff::engine
