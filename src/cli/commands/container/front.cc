// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/container/front.h"

#include <signal.h>

#include "cli/output.h"

namespace skiff::cli {

ExitCode end_as(const engine::RunResult& result) {
    if (result.end_signal != 0) {
        flush_output();
        signal(result.end_signal, SIG_DFL);
        raise(result.end_signal);
        return ExitCode{128 + result.end_signal};
    }
    return ExitCode{result.status};
}

}  // namespace skiff::cli
