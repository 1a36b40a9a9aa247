// SPDX-License-Identifier: Apache-2.0
// Which processes of the host are a container's.
#pragma once

#include <set>
#include <string>
#include <vector>

#include <sys/types.h>

#include "engine/engine.h"

namespace skiff::engine {

/// Host pids of the program, of everything it started, and of the programs of `exec`. Throws
/// Error{conflict} when the container does not run.
///
/// They are the descendants of the container's monitor: its pid namespace, or its being their
/// subreaper, keeps each of them below it, whatever they do. World-readable files of /proc say so;
/// links such as ns/pid may be read only of some.
std::set<pid_t> container_processes(const Engine& engine, const std::string& name);

/// Runs ps(1) of the host and returns what it printed. Throws Error{unsupported} when there is
/// none, Error{invalid} with its message when it refuses its arguments.
std::string run_host_ps(const std::vector<std::string>& arguments);

}  // namespace skiff::engine
