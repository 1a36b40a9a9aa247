// SPDX-License-Identifier: Apache-2.0
// Starts a container's first process from a plan.
#pragma once

#include <functional>

#include "base/error.h"
#include "base/process.h"
#include "runtime/handshake.h"
#include "runtime/plan/launch_plan.h"
#include "runtime/userns/id_map.h"

namespace skiff::runtime {

/// Opens what the plan names on the host: bind sources and, in a user namespace, the device nodes
/// to bind. The caller is root of its own mount namespace. Throws SystemError naming the source.
void open_sources(LaunchPlan& plan);

struct Launched {
    Child init;
    Fd pty_master;  ///< with plan.terminal
};

/// What others have to do with a container that begins.
struct LaunchHooks {
    /// Its namespaces are there; init begins its work when this returns.
    std::function<void(const Child& init)> cloned;
    /// Its tree of mounts stands, with the host's below it; init waits.
    std::function<void()> mounted;
    /// While init works; it executes the program only after this has returned.
    std::function<void()> before_program;
};

/// Clones init and returns when the program runs (execve succeeded).
///
/// `nested` gives the maps of the container's own user namespace when plan.clone_flags has
/// CLONE_NEWUSER, as the caller's namespace counts; the caller must have CAP_SETUID there. Closes
/// the plan's descriptors in this process, so that a pipe ends when the container does. Throws
/// Error of kind command_missing or cannot_execute when the program is not there or no program,
/// otherwise what the failed step says; and what a hook throws.
Launched launch(LaunchPlan plan, const IdMaps* nested, const LaunchHooks& hooks = {});

/// The error for a failure report, worded from the plan that init walked.
Error describe_failure(const LaunchPlan& plan, const Report& report);

}  // namespace skiff::runtime
