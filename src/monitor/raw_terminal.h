// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "monitor/protocol.h"

namespace skiff::monitor {

/// Switches a terminal to raw mode and back, whatever happens in between.
///
/// Back by the destructor, at exit(3), and on SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGSYS, SIGTRAP and
/// SIGABRT (an uncaught exception too), whose handlers are ours while one is raw. Other signals are
/// the owner's to handle; SIGKILL leaves the terminal raw. One at a time per process: signal
/// handlers have no other way to it than a global.
class RawTerminal {
  public:
    /// Remembers `terminal` (borrowed, not changed yet).
    explicit RawTerminal(int terminal) : terminal_(terminal) {}
    RawTerminal(const RawTerminal&) = delete;
    RawTerminal& operator=(const RawTerminal&) = delete;
    ~RawTerminal() { restore(); }

    /// Goes raw, keeping what was typed ahead. In a background job the kernel stops us (SIGTTOU)
    /// until we are in front. Throws SystemError.
    void enter();
    /// Back to what it was before enter(); no act when not raw.
    void restore();

  private:
    int terminal_;
    bool raw_ = false;
};

/// The size of the terminal `fd`; 0 x 0 when it is none.
WindowSize terminal_size(int fd);

}  // namespace skiff::monitor
