// SPDX-License-Identifier: Apache-2.0
#include "engine/container/exec.h"

#include <array>
#include <cerrno>

#include <unistd.h>

#include <sys/mman.h>

#include "base/error.h"
#include "engine/container/container_files.h"
#include "engine/container/front.h"
#include "engine/container/lifecycle.h"
#include "monitor/client.h"
#include "monitor/detach_keys.h"

namespace skiff::engine {
namespace {

monitor::MonitorConnection connect_to_running(const Engine& engine, const std::string& name,
                                              const char* act) {
    const ContainerFiles files = find_container(engine, name);
    if (files.current_state().status == ContainerStatus::restarting)
        throw Error(ErrorKind::conflict,
                    "Container {} is restarting, wait until the container is running", files.id());
    if (files.current_state().status == ContainerStatus::running)
        if (auto connection = connect_to_monitor(files.record())) return std::move(*connection);
    if (files.current_state().status == ContainerStatus::running)
        throw Error(ErrorKind::system, "the monitor of container {} does not answer", name);
    throw Error(ErrorKind::conflict, "{}", fmt::format(fmt::runtime(act), files.id()));
}

/// The monitor's first frame is about the container; what follows is the session's.
void drop_greeting(int socket) {
    std::array<char, monitor::frame_header_size + 64> buffer;
    monitor::Frame frame;
    if (!monitor::await_frame(socket, buffer, frame))
        throw Error(ErrorKind::system, "the container's monitor ended unexpectedly");
    if (frame.type == monitor::FrameType::failed) throw monitor::decode_failed(frame.payload);
}

}  // namespace

RunResult exec_in_container(const Engine& engine, const std::string& name,
                            const ExecRequest& request, const ExecOptions& options) {
    monitor::MonitorConnection connection =
        connect_to_running(engine, name, "Container {} is not running");
    drop_greeting(connection.socket.get());
    ExecRequest wanted = request;
    // Nobody would ever close it.
    wanted.interactive = wanted.interactive && !options.detach;
    const Fd document = to_memory_file(wanted);
    const int fd = document.get();
    if (!monitor::send_frame(connection.socket.get(), monitor::FrameType::exec, {}, {&fd, 1},
                             connection.version))
        throw Error(ErrorKind::conflict, "Container {} is not running", name);
    Front front;
    front.attach = !options.detach;
    front.interactive = request.interactive;
    front.tty = request.tty;
    front.detach_keys = options.detach_keys;
    // As Docker: what a signal to `exec` ends is `exec`.
    front.signal_proxy = false;
    return stay_in_front(engine, std::move(connection.socket), front, connection.version);
}

RunResult attach_container(const Engine& engine, const std::string& name,
                           const AttachRequest& request) {
    const ContainerRecord record = find_container(engine, name).record();
    monitor::MonitorConnection connection = connect_to_running(
        engine, name, "You cannot attach to a stopped container, start it first");
    Front front;
    front.interactive = request.input && record.request.interactive;
    front.tty = record.request.tty;
    front.detach_keys = request.detach_keys;
    front.signal_proxy = request.signal_proxy;
    return stay_in_front(engine, std::move(connection.socket), front, connection.version);
}

}  // namespace skiff::engine
