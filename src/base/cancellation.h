// SPDX-License-Identifier: Apache-2.0
// Ending long work in several threads when a signal comes: Ctrl-C must not leave half of anything.
#pragma once

#include <array>
#include <csignal>

#include "base/fd.h"

namespace skiff {

/// While it lives, SIGINT, SIGTERM and SIGHUP do not end the process but are noted, and waited for
/// with everything else. A signal that was ignored (nohup) stays ignored. One at a time in a
/// process; children forked meanwhile have it too, and hear the terminal's signals by themselves.
class Cancellation {
  public:
    Cancellation();
    Cancellation(const Cancellation&) = delete;
    Cancellation& operator=(const Cancellation&) = delete;
    ~Cancellation();

    /// The first signal that came; 0: none.
    static int signal();
    /// Readable from then on, in this process and in children forked meanwhile. -1 when nobody
    /// watches.
    static int fd();
    /// Throws Error{system} once a signal came, or stop was called.
    static void check();
    /// One of several threads failed: the others end, too.
    static void stop();
    /// They have ended; the next work may begin.
    static void resume();

  private:
    static constexpr std::array watched{SIGINT, SIGTERM, SIGHUP};
    Fd event_;
    std::array<struct sigaction, watched.size()> before_{};
};

}  // namespace skiff
