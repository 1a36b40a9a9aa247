// SPDX-License-Identifier: Apache-2.0
// Where a monitor is reached: a path socket in the container's run directory, mode 0600, never an
// abstract one.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include <sys/types.h>

#include "base/fd.h"

namespace skiff::monitor {

/// Makes the listening socket `name` in the directory `dir`, replacing a dead one of that name.
///
/// A socket's address has 108 bytes, too few for a 64-digit id below a long run directory, so the
/// path goes through /proc/self/fd. Non-blocking. Throws SystemError.
Fd listen_at(int dir, const std::string& name);

struct MonitorConnection {
    Fd socket;
    std::uint16_t version = 0;  ///< to be used in every frame sent to this monitor
};
/// Connects and waits for the monitor's first frame (which stays unread); nothing when no monitor
/// answers there within `patience`. Throws Error{denied} when somebody else than this user or root
/// listens there, Error{unsupported} when it speaks a version that we do not, SystemError
/// otherwise.
std::optional<MonitorConnection> connect_at(
    int dir, const std::string& name,
    std::chrono::milliseconds patience = std::chrono::seconds(10));

/// The user id of the process that connected, or made the pair, as this process's user namespace
/// sees it.
uid_t peer_uid(int socket);

/// The process that connected is in this process's user namespace or below it: for a rootless
/// monitor a process of a container, since commands are outside. True also when it has ended or
/// cannot be looked at; false where the kernel cannot tell (SO_PEERPIDFD is of Linux 6.5).
bool peer_is_in_our_user_namespace(int socket);

}  // namespace skiff::monitor
