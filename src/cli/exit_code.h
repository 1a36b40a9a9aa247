// SPDX-License-Identifier: Apache-2.0
// Exit statuses: the only place that knows the numbers.
//
// run, create and exec answer as Docker does: 125 when skiff failed, 126 when the program cannot be
// executed, 127 when it was not found, 128 + n by signal n, else the program's own status.
// Elsewhere, as podman's pages say: 1 where a named object does not exist, 2 where it is in use,
// 125 for any other failure.
#pragma once

#include "base/error.h"

namespace skiff::cli {

/// Any value of 0..255 is allowed: a container's own status is passed on as `ExitCode{status}`.
enum class ExitCode : int {
    ok = 0,
    not_found = 1,
    wrong_arguments = 1,  ///< count of arguments, unknown command: Docker's 1
    in_use = 2,
    failure = 125,
    cannot_execute = 126,
    command_missing = 127,
};

/// How errors of a command become exit statuses.
enum class ExitRules {
    objects,  ///< works on named objects
    program,  ///< runs a program of the user: its statuses 1 and 2 must not be ours
};

ExitCode exit_code_of(ErrorKind kind, ExitRules rules);

/// Of several failures the one to report: 125 before 2 before 1, as podman's pages for rm and stop
/// say.
ExitCode worse_of(ExitCode a, ExitCode b);

}  // namespace skiff::cli
