// SPDX-License-Identifier: Apache-2.0
// A monitor process with a shell script as its container, for tests: everything of the monitor is
// real but the namespaces.
#pragma once

#include <functional>
#include <string>

#include "base/fd.h"
#include "base/file.h"
#include "base/process.h"
#include "monitor/address.h"
#include "monitor/client.h"
#include "monitor/protocol.h"

namespace skiff::monitor::test {

struct Setup {
    std::string script;  ///< for /bin/sh -c; $DIR is the container's directory
    bool tty = false;
    bool interactive = false;  ///< stdin is connected
    bool stdin_once = true;
    bool log = true;
    bool pid_namespace = false;  ///< the monitor is PID 1 (needs root)
    bool fails = false;          ///< report_failure instead of a start
    bool foreground = true;      ///< waits for its first client to attach
};

class FakeContainer {
  public:
    explicit FakeContainer(const Setup& setup);

    /// The socket of the command that forked the monitor; once.
    Fd take_socket() { return std::move(socket_); }
    /// A further connection, through the path socket.
    MonitorConnection connect();
    const std::string& path() const { return temp_.path(); }
    int dir() const { return dir_.get(); }
    /// The monitor's own end; its exit code is 0 when nothing went wrong in it.
    int monitor_code() { return monitor_.wait().shell_code(); }
    Child& monitor() { return monitor_; }
    /// Entries of `stream` in the log, joined. The monitor must have ended.
    std::string log(Stream stream) const;

  private:
    TempDir temp_;
    Fd dir_;
    Fd socket_;
    Child monitor_;
};

/// A child process that runs `act` and exits with its result; 99 when it throws (what() on stderr).
Child in_child(const std::function<int()>& act);

/// attach() in a process of its own, with these descriptors; its exit code is the container's, or
/// 100 + AttachEnd.
Child attach_in_child(Fd socket, AttachOptions options, int not_inherited = -1);

/// A pair of terminal ends; `slave` is not anybody's controlling terminal yet.
struct Terminal {
    Fd master;
    Fd slave;
};
Terminal make_terminal(WindowSize size);

/// Bytes without newline, so that a terminal's output processing leaves them alone; every call the
/// same.
std::string pattern(std::size_t size);

/// Reads until `end` occurs; returns all that was read.
std::string read_until(int fd, std::string_view end);

}  // namespace skiff::monitor::test
