// SPDX-License-Identifier: Apache-2.0
// How a command ends that was in front of a container.
#pragma once

#include "cli/exit_code.h"
#include "engine/container/run.h"

namespace skiff::cli {

/// The container's status; or, when a signal ended the command, that signal on ourselves, so that
/// our shell sees what happened.
ExitCode end_as(const engine::RunResult& result);

}  // namespace skiff::cli
