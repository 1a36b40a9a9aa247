// SPDX-License-Identifier: Apache-2.0
// The container's first process, from clone to exec. Entered once, never left: it ends in execve or
// _exit.
//
// Nothing here allocates, throws, locks or logs: the process is a copy of the monitor in new
// namespaces, possibly the attacker's next address space. The build compiles this folder without
// exceptions and RTTI and without sanitizers, and tests/lint/init_symbols compares its undefined
// symbols with a short list.
#pragma once

#include <cstddef>

#include "runtime/plan/launch_plan.h"

namespace skiff::runtime::init {

/// What launch() prepares beside the plan, since execve wants arrays of pointers.
struct ExecVectors {
    char* const* arguments;
    char* const* environment;
    const ExecVectors* hooks = nullptr;  ///< of plan.hooks, in their order
};

/// Walks the plan and executes the program. `socket` is init's end of the handshake. Does not
/// return.
[[noreturn]] void enter(const LaunchPlan& plan, const ExecVectors& vectors, int socket) noexcept;

/// The plan joins somebody else's pid namespace: processes there see ours, and with CAP_SYS_PTRACE
/// they reach whatever it reaches (/proc/PID/root is the host's tree until the pivot). So init does
/// its work outside, and only the program is started there.
bool enters_pid_namespace(const LaunchPlan& plan) noexcept;

/// Enters the namespaces plan.joins, makes those of `flags` (CLONE_NEW…), and walks the plan there:
/// in a child that it leaves to its own parent, or, with enters_pid_namespace, itself, and leaves
/// its parent a child that executes the program. Does not return.
[[noreturn]] void enter_joined(const LaunchPlan& plan, const ExecVectors& vectors,
                               unsigned long long flags, int socket) noexcept;

/// Enters the namespaces plan.clone_flags of the container whose first process is `init_pidfd`, and
/// executes the program in a child that it leaves to its own parent. Does not return.
[[noreturn]] void enter_container(const LaunchPlan& plan, const ExecVectors& vectors,
                                  int init_pidfd, int socket) noexcept;

}  // namespace skiff::runtime::init
