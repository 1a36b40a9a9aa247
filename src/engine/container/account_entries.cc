// SPDX-License-Identifier: Apache-2.0
#include "engine/container/account_entries.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/container/id_layout.h"

namespace skiff::engine {
namespace {

constexpr size_t file_limit = 16U << 20U;
constexpr std::string_view default_passwd = "$USERNAME:*:$UID:$GID:$NAME:$HOME:/bin/sh";
constexpr std::string_view default_group = "$GROUPNAME:x:$GID:";

/// The line of `content` whose field `index` is `value`; "" for none.
std::string_view find_line(std::string_view content, size_t index, std::string_view value) {
    for (const std::string_view line : split(content, '\n')) {
        const auto fields = split(line, ':');
        if (fields.size() >= 3 && fields[index] == value) return line;
    }
    return {};
}

void add_line(std::string& content, std::string_view line) {
    if (!content.empty() && content.back() != '\n') content += '\n';
    content += line;
    if (!line.ends_with('\n')) content += '\n';
}

}  // namespace

bool wants_accounts(const ContainerRecord& record) {
    const AccountRequest& request = record.request.accounts;
    return request.add.value_or(!request.passwd_entry.empty() || !request.group_entry.empty() ||
                                !request.host_users.empty() || record.caller);
}

std::vector<std::string> host_account_lines(const std::vector<std::string>& users) {
    if (users.empty()) return {};
    const std::string content = read_file("/etc/passwd", file_limit);
    std::vector<std::string> lines;
    for (const std::string& user : users) {
        std::string_view line = find_line(content, 0, user);
        if (line.empty()) line = find_line(content, 2, user);
        if (line.empty())
            throw Error(ErrorKind::not_found, "--hostuser: unknown user {} (in /etc/passwd)",
                        printable(user));
        lines.emplace_back(line);
    }
    return lines;
}

std::string expand_account(std::string_view pattern, const AccountFields& fields) {
    const std::array<std::pair<std::string_view, std::string_view>, 6> names{
        {{"USERNAME", fields.name},
         {"GROUPNAME", fields.name},
         {"UID", fields.uid},
         {"GID", fields.gid},
         {"NAME", fields.description},
         {"HOME", fields.home}}};
    std::string text;
    while (!pattern.empty()) {
        const Cut parts = cut(pattern, '$');
        text += parts.before;
        pattern = parts.after;
        if (!parts.found) break;
        std::string_view rest = pattern;
        const bool braced = rest.starts_with('{');
        if (braced) rest.remove_prefix(1);
        const size_t length =
            std::min(rest.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), rest.size());
        const auto known = std::ranges::find(names, rest.substr(0, length),
                                             [](const auto& name) { return name.first; });
        const bool closed = !braced || (length < rest.size() && rest[length] == '}');
        if (known == names.end() || !closed) {
            text += '$';
            continue;
        }
        text += known->second;
        pattern = rest.substr(length + (braced ? 1 : 0));
    }
    return text;
}

AccountFiles account_files(const ContainerRecord& record, const RootDir& root,
                           const ContainerUser& user) {
    AccountFiles files;
    const AccountRequest& request = record.request.accounts;
    if (!wants_accounts(record)) return files;
    std::string passwd = root.find_file("etc/passwd", file_limit).value_or("");
    std::string group = root.find_file("etc/group", file_limit).value_or("");
    const size_t passwd_before = passwd.size();
    const size_t group_before = group.size();
    for (const std::string& line : record.host_accounts)
        if (find_line(passwd, 0, cut(line, ':').before).empty()) add_line(passwd, line);
    AccountFields fields{.uid = fmt::format("{}", user.uid),
                         .gid = fmt::format("{}", user.gid),
                         .name = fmt::format("{}", user.uid),
                         .home = user.home};
    // The name of the caller where it is nobody else's, and only for the caller's own id.
    const CallerAccount caller = is_caller(record, user.uid) ? *record.caller : CallerAccount{};
    if (!caller.user.empty() && find_line(passwd, 0, caller.user).empty()) {
        fields.name = caller.user;
        if (!caller.description.empty()) fields.description = caller.description;
    }
    if (find_line(passwd, 2, fields.uid).empty())
        add_line(passwd,
                 expand_account(
                     request.passwd_entry.empty() ? default_passwd : request.passwd_entry, fields));
    if (find_line(group, 2, fields.gid).empty()) {
        AccountFields of_group = fields;
        const bool free = !caller.group.empty() && find_line(group, 0, caller.group).empty();
        of_group.name = free ? caller.group : fields.gid;
        add_line(group,
                 expand_account(request.group_entry.empty() ? default_group : request.group_entry,
                                of_group));
    }
    if (passwd.size() != passwd_before) files.passwd = std::move(passwd);
    if (group.size() != group_before) files.group = std::move(group);
    return files;
}

}  // namespace skiff::engine
