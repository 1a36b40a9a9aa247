// SPDX-License-Identifier: Apache-2.0
// Whether a container in the background ends when its user logs out. systemd ends a user's manager,
// and everything below it, with the last session of that user, unless the user "lingers".
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "engine/engine.h"

namespace skiff::engine {

/// What decides it.
struct BackgroundFacts {
    std::string_view cgroups;  ///< /proc/PID/cgroup of the container's monitor
    uid_t uid = 0;             ///< whose container it is
    std::string user;          ///< the login name; "" when unknown
    bool lingers = false;      ///< /var/lib/systemd/linger/USER exists
};

/// One line for people, with the remedy; nothing when the container outlives the logins.
///
/// Only what is below user@UID.service ends: a session's own scope (session-N.scope) stays for as
/// long as a process is in it, and keeps the manager, unless logind.conf says KillUserProcesses=yes
/// (tried with systemd 252). See loginctl(1) "enable-linger", user@.service(5), logind.conf(5).
std::optional<std::string> session_end_warning(const BackgroundFacts& facts);

/// Tells people (Engine::warn) when the container `id`, which has just started in the background,
/// will not outlive their logins.
void warn_of_session_end(const Engine& engine, const std::string& id);

}  // namespace skiff::engine
