// SPDX-License-Identifier: Apache-2.0
// `pause` and `unpause`: a container that runs and gets no processor time.
#pragma once

#include <string>

#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

/// The monitor does it and writes it to the state, so a command that is killed leaves nothing
/// half-done. Throws Error{conflict} with Docker's words when the container does not run, or is
/// paused (not paused) already; Error{unsupported} where it cannot be done.
void pause_container(const Engine& engine, const std::string& name);
void unpause_container(const Engine& engine, const std::string& name);

/// For the monitor: stops every process of its container, or lets them go on. Throws
/// Error{unsupported} for a container in the host's pid namespace.
///
/// The monitor is PID 1 of a pid namespace with nothing in it but the container and the sessions of
/// `exec`, so kill(-1) reaches each of them in one system call during which none can fork. SIGSTOP
/// from outside stops also a program that is PID 1 of the container.
void hold_processes(const ContainerRecord& record, bool paused);

}  // namespace skiff::engine
