// SPDX-License-Identifier: Apache-2.0
#include "engine/container/pause.h"

#include <cerrno>

#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "engine/container/container_files.h"
#include "engine/container/lifecycle.h"
#include "monitor/client.h"

namespace skiff::engine {
namespace {

void check_state(const ContainerState& state, const std::string& id, bool paused) {
    if (state.status != ContainerStatus::running)
        throw Error(ErrorKind::conflict, "Container {} is not {}", id,
                    paused ? "running" : "paused");
    if (state.paused == paused)
        throw Error(ErrorKind::conflict, "Container {} is {} paused", id,
                    paused ? "already" : "not");
}

void set_paused(const Engine& engine, const std::string& name, bool paused) {
    const ContainerFiles files = find_container(engine, name);
    check_state(files.current_state(), files.id(), paused);
    try {
        const monitor::MonitorConnection connection = connect_to_running(files);
        monitor::request_pause(connection.socket.get(), connection.version, paused);
    } catch (const Error&) {
        // It ended, or another command was faster: then that is what to say.
        check_state(files.current_state(), files.id(), paused);
        throw;
    }
}

}  // namespace

void pause_container(const Engine& engine, const std::string& name) {
    set_paused(engine, name, true);
}

void unpause_container(const Engine& engine, const std::string& name) {
    set_paused(engine, name, false);
}

void hold_processes(const ContainerRecord& record, bool paused) {
    // There, kill(-1) would reach the whole machine.
    if (!has_own_pid_namespace(record.request.namespaces) || getpid() != 1)
        throw Error(ErrorKind::unsupported,
                    "a container in {} pid namespace cannot be paused without a cgroup of its own",
                    record.request.namespaces.pid == "host" ? "the host's" : "another one's");
    if (kill(-1, paused ? SIGSTOP : SIGCONT) < 0 && errno != ESRCH)
        throw SystemError(errno, "cannot {} the processes", paused ? "stop" : "resume");
}

}  // namespace skiff::engine
