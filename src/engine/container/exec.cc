// SPDX-License-Identifier: Apache-2.0
#include "engine/container/exec.h"

#include <array>
#include <cerrno>

#include <unistd.h>

#include <sys/mman.h>

#include "base/error.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/front.h"
#include "engine/container/lifecycle.h"
#include "monitor/client.h"
#include "monitor/detach_keys.h"

namespace skiff::engine {
namespace {

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
    const ContainerFiles files = find_container(engine, name);
    const ContainerState state = files.current_state();
    if (is_paused(state))
        throw Error(ErrorKind::conflict,
                    "Container {} is paused, unpause the container before exec", printable(name));
    monitor::MonitorConnection connection = connect_to_running(files);
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

bool has_running_terminal(const Engine& engine, const std::string& name) {
    const ContainerFiles files = find_container(engine, name);
    return files.record().request.tty && is_active(files.current_state().status);
}

RunResult attach_container(const Engine& engine, const std::string& name,
                           const AttachRequest& request) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerRecord record = files.record();
    const ContainerState state = files.current_state();
    if (!is_active(state.status))
        throw Error(ErrorKind::conflict,
                    "You cannot attach to a stopped container, start it first");
    if (is_paused(state))
        throw Error(ErrorKind::conflict,
                    "You cannot attach to a paused container, unpause it first");
    monitor::MonitorConnection connection = connect_to_running(files);
    Front front;
    front.interactive = request.input && record.request.interactive;
    front.tty = record.request.tty;
    front.detach_keys = request.detach_keys;
    front.signal_proxy = request.signal_proxy;
    return stay_in_front(engine, std::move(connection.socket), front, connection.version);
}

}  // namespace skiff::engine
