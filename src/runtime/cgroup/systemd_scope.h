// SPDX-License-Identifier: Apache-2.0
// A transient scope of the user's systemd, with delegation: the way into a subtree that a regular
// user may write to. From a login session nobody but systemd can move a process there.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include <sys/types.h>

#include "base/fd.h"
#include "runtime/cgroup/hierarchies.h"

namespace skiff::runtime {

/// A connection to the caller's bus, and a request under way on it.
///
/// Used before the caller enters a user namespace: the bus asks the kernel who we are.
class ScopeRequest {
  public:
    /// Connects to $DBUS_SESSION_BUS_ADDRESS, else $XDG_RUNTIME_DIR/bus, else /run/user/UID/bus;
    /// nothing when there is none or it is not ours. Asks for nothing yet.
    static std::optional<ScopeRequest> connect();

    /// Asks for the scope of container `id` with process `pid` in it. Returns at once: systemd
    /// needs some milliseconds.
    void send(std::string_view id, pid_t pid);

    /// Waits for systemd's answer; then moves `pid` into the scope's group `monitor`. Returns the
    /// scope's absolute path. Throws Error{system} with systemd's words when it refuses or does
    /// not answer within ten seconds; `pid` is then where it was.
    std::string finish(const CgroupHierarchy& unified);

  private:
    explicit ScopeRequest(Fd socket) : socket_(std::move(socket)) {}
    void read_more();
    void await_greeting();
    void await_job();

    Fd socket_;
    std::string received_;
    std::string name_;
    pid_t pid_ = 0;
};

}  // namespace skiff::runtime
