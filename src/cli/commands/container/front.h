// SPDX-License-Identifier: Apache-2.0
// How a command ends that was in front of a container.
#pragma once

#include "base/phases.h"
#include "cli/exit_code.h"
#include "engine/container/run.h"

namespace skiff::cli {

/// The container's status; or, when a signal ended the command, that signal on ourselves, so that
/// our shell sees what happened.
ExitCode end_as(const engine::RunResult& result);

/// --timing: what the command and the container's monitor did, in microseconds, on standard error.
/// Nothing when it is off.
void print_phases(const Phases& phases);

}  // namespace skiff::cli
