// SPDX-License-Identifier: Apache-2.0
// The command's side of a monitor: a terminal in front of a container, and the small requests.
//
// Pipes, files and sockets on stdin, stdout and stderr are handed to the monitor as they are and
// take no second hop; terminals stay here and are relayed, because job control (^Z, background)
// concerns the process that reads and writes them.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/error.h"
#include "base/fd.h"
#include "monitor/detach_keys.h"
#include "monitor/protocol.h"

namespace skiff::monitor {

using WarningSink = std::function<void(std::vector<std::string>)>;

struct AttachOptions {
    StreamSet streams;
    bool tty = false;  ///< the container has a terminal
    /// Without tty: every signal that can be caught and was not ignored when we began goes to the
    /// container, but for SIGCHLD, SIGPIPE and SIGURG (as in Docker), the stop signals of job
    /// control, SIGWINCH (about our window; to httpd it means "stop") and those that mean a fault
    /// of ours.
    bool signal_proxy = true;
    std::string detach_keys{default_detach_keys};  ///< bytes; only with tty and stdin
    /// Ends as AttachEnd::detached once the container has taken all of our input.
    bool leave_after_input = false;
    int input_fd = 0;
    int output_fd = 1;
    int errors_fd = 2;
    std::uint16_t version = protocol_version;  ///< MonitorConnection::version
    /// Called once with the host pid of the container's init.
    std::function<void(pid_t)> on_started{};
    /// Called for each `timing` frame; they come only from a monitor that was started to measure.
    std::function<void(std::vector<Phase>)> on_timing{};
    /// Called before on_started with what the container gets less of than was asked.
    WarningSink on_warnings{};
};

enum class AttachEnd {
    exited,       ///< the container has ended; `code`
    detached,     ///< by the detach keys; it goes on
    output_gone,  ///< nobody reads our output any more (EPIPE); it goes on, we should end as by
                  ///< SIGPIPE
    signaled,  ///< by a signal to us that is not for the container; `signal`. Before `started` the
               ///< start is cancelled (by a second signal, where the first will be passed on)
    given_up,  ///< the third signal to end was passed on like the others; the container goes on
};

struct AttachResult {
    AttachEnd end = AttachEnd::exited;
    int code = 0;                       ///< as the monitor says it: 0-255
    int signal = 0;                     ///< the caller restores its default action and raises it
    std::optional<Error> output_error;  ///< some output could not be written (disk full)
};

/// Connects the container with our stdin, stdout and stderr until something ends it.
///
/// `socket` is connected with a monitor. The terminal's size is sent at once. Nothing is read from
/// stdin, and the terminal is not touched, before the container has started. On return, by whatever
/// way, the terminal is as it was and so is the signal mask. Throws what the monitor reports when
/// the start failed, Error{system} when the monitor dies.
AttachResult attach(Fd socket, const AttachOptions& options);

/// Waits until the container has started; returns the host pid of its init. Phases that the monitor
/// measured before that are added to `phases`, and its warnings go to `warn`, if given. Throws as
/// attach().
pid_t await_start(int socket, Phases* phases = nullptr, const WarningSink& warn = {});
/// Waits until the container has ended; returns its exit code. Throws as attach().
int await_exit(int socket);
/// Stops all processes of the container, or lets them go on. Throws Error{conflict} when that is so
/// already, Error{unsupported} where it cannot be done, Error{system} when the monitor is gone.
void request_pause(int socket, std::uint16_t version, bool paused);
/// Hands over what to change; returns what cannot be enforced. Throws what the monitor says, and
/// Error{system} when it is gone.
std::vector<std::string> request_update(int socket, std::uint16_t version, int request);
/// Stops the program and waits until the next run of the container has begun. Throws what keeps it
/// from starting, Error{system} when the monitor ended instead.
void request_restart(int socket, std::uint16_t version, const StopFrame& stop);
/// The container's user namespace; nothing when its monitor does not give it to us. Frames that
/// come before the answer are dropped, so this is for a connection of its own. Throws Error{system}
/// when the monitor is gone.
std::optional<Fd> request_userns(int socket, std::uint16_t version);

}  // namespace skiff::monitor
