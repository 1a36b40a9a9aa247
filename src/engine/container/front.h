// SPDX-License-Identifier: Apache-2.0
// A command in front of a program: of a container (run, start, attach) or of a session (exec).
#pragma once

#include <string>

#include "base/fd.h"
#include "engine/container/run.h"
#include "engine/engine.h"
#include "monitor/protocol.h"

namespace skiff::engine {

struct Front {
    bool attach = true;  ///< false: only wait until the program runs
    bool interactive = false;
    bool output = true;  ///< the program's, to ours
    bool errors = true;
    /// With neither: leave once the program has got all of our input.
    bool leave_after_input = false;
    bool tty = false;
    bool streams = true;  ///< false: the program has ours (log driver passthrough)
    std::string detach_keys;
    bool signal_proxy = true;
};

/// Speaks with the monitor or session at the other end of `socket` until the program has ended, or
/// runs (not attach), or the user left. Throws why it could not be started.
RunResult stay_in_front(const Engine& engine, Fd socket, const Front& front,
                        std::uint16_t version = monitor::protocol_version);

}  // namespace skiff::engine
