// SPDX-License-Identifier: Apache-2.0
// The process behind one `exec`: a fresh exec of the sealed binary, child of the container's
// monitor and in its namespaces. It speaks with the one client whose connection the monitor gave
// it, starts the program in the container, and carries its streams until it ends.
//
//   monitor ── skiff-exec ID …      has the client's socket, the request, a pidfd of init
//                └─ program         joined the container's namespaces, child of the session
//
// A process of its own for each session: its memory, its terminal and its mistakes end with it, and
// the monitor's loop knows one container only. It dies with the monitor, in whose pid namespace it
// is.
#pragma once

#include <string_view>

#include <sys/types.h>

namespace skiff::engine {

struct MonitorArguments;

inline constexpr std::string_view exec_program_name = "skiff-exec";

/// For the monitor: starts a session and returns its pid, a child of the caller. The descriptors
/// are copied. Does not wait. Throws SystemError.
pid_t start_exec_session(const MonitorArguments& arguments, int client, int request,
                         int init_pidfd);

/// The session's main. Its exit status means nothing to anybody.
int exec_role(int argc, char** argv);

}  // namespace skiff::engine
