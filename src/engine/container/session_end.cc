// SPDX-License-Identifier: Apache-2.0
#include "engine/container/session_end.h"

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "runtime/userns/subordinate_ids.h"

namespace skiff::engine {
namespace {

constexpr std::size_t cgroups_limit = 64U << 10U;
constexpr std::size_t passwd_limit = 16U << 20U;
constexpr std::size_t mark_limit = 4096;  // it is empty

/// In any hierarchy: systemd's is the only one on cgroup v2, and "name=systemd" on v1.
bool is_below_user_manager(std::string_view cgroups, uid_t uid) {
    const std::string manager = fmt::format("/user@{}.service/", uid);
    for (const std::string_view line : split(cgroups, '\n'))
        if (line.find(manager) != std::string_view::npos) return true;
    return false;
}

}  // namespace

std::optional<std::string> session_end_warning(const BackgroundFacts& facts) {
    if (facts.lingers || facts.user.empty() || !is_below_user_manager(facts.cgroups, facts.uid))
        return std::nullopt;
    return fmt::format(
        "the container ends when {} has logged out everywhere (to keep it: loginctl "
        "enable-linger {})",
        facts.user, facts.user);
}

void warn_of_session_end(const Engine& engine, const std::string& id) {
    // Root's containers are in nobody's session.
    if (!engine.rootless()) return;
    try {
        const std::int64_t monitor = ContainerFiles(engine, id).stored_state().monitor_pid;
        const auto cgroups =
            find_file(AT_FDCWD, fmt::format("/proc/{}/cgroup", monitor), cgroups_limit);
        if (!cgroups) return;
        const uid_t uid = geteuid();
        const std::string user = runtime::find_user_name(
            find_file(AT_FDCWD, "/etc/passwd", passwd_limit).value_or(""), uid);
        const bool lingers =
            find_file(AT_FDCWD, "/var/lib/systemd/linger/" + user, mark_limit).has_value();
        const auto warning = session_end_warning({*cgroups, uid, user, lingers});
        if (warning) engine.warn(*warning);
    } catch (const Error&) {
        // It has ended, and is removed, already: nothing to keep.
    }
}

}  // namespace skiff::engine
