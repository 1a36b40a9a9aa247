// SPDX-License-Identifier: Apache-2.0
#include "engine/container/run.h"

#include <chrono>
#include <thread>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "engine/container/create.h"
#include "engine/container/front.h"
#include "engine/container/leftover.h"
#include "engine/container/lifecycle.h"
#include "engine/container/log_options.h"
#include "engine/container/mapped_layers.h"
#include "engine/container/monitor_process.h"
#include "engine/container/port_holder.h"
#include "engine/container/port_listeners.h"
#include "engine/container/remove.h"
#include "engine/container/session_end.h"
#include "monitor/address.h"
#include "monitor/client.h"
#include "monitor/detach_keys.h"

namespace skiff::engine {
namespace {

/// With a terminal a program could type into our shell (TIOCSTI) and take it away from us; podman
/// refuses that, too. A directory would lead the container into the host's tree.
void require_passable_streams() {
    for (int number = 0; number < 3; ++number) {
        struct stat status{};
        if (isatty(number) == 1)
            throw Error(ErrorKind::invalid,
                        "the '--log-driver passthrough' option cannot be used on a TTY");
        if (fstat(number, &status) == 0 && S_ISDIR(status.st_mode))
            throw Error(ErrorKind::invalid,
                        "--log-driver passthrough: standard stream {} is a directory", number);
    }
}

/// Starts the monitor and stays in front of it, or returns once the program runs.
RunResult start_and_front(const Engine& engine, const ContainerRecord& record, FileLock lock,
                          Front front) {
    if (record.request.log.driver == passthrough_log_driver) {
        require_passable_streams();
        front.streams = false;
    }
    front.tty = record.request.tty;
    front.interactive = front.interactive && record.request.interactive;
    make_mapped_layers(engine, record);
    RunResult result;
    try {
        // A statement of its own: arguments live until the end of theirs, and the lock of a
        // container that ends while nobody takes its output is for the next `rm` or `start`.
        Fd client = start_monitor(engine, record, std::move(lock));
        result = stay_in_front(engine, std::move(client), front);
    } catch (const Error& error) {
        // The monitor cannot see the processes of others; we may.
        if (error.kind() != ErrorKind::in_use || wanted_ports(record).empty()) throw;
        const std::string holder = find_port_holder(engine, record);
        if (holder.empty()) throw;
        throw Error(error.kind(), "{} (it belongs to {})", error.message(), holder);
    }
    result.id = record.id;
    if (!front.attach) warn_of_session_end(engine, record.id);
    return result;
}

}  // namespace

namespace {

/// --requires. What runs already is left alone.
void start_requirements(const Engine& engine, const CreateRequest& request) {
    for (const std::string& id : request.requirements)
        with_context([&] { start_container(engine, id, {}); }, "starting the required container {}",
                     id.substr(0, 12));
}

}  // namespace

RunResult run_container(const Engine& engine, const CreateRequest& request,
                        const RunOptions& options) {
    engine.phases().mark("command line");
    monitor::parse_detach_keys(options.detach_keys);  // what is wrong with them is known before
    CreatedContainer created = make_container(engine, request, true, options.bring);
    engine.phases().mark("record and name");
    if (options.created) options.created(created.record.id);
    Front front;
    front.interactive = request.interactive && request.attaches("stdin");
    front.output = request.attaches("stdout");
    front.errors = request.attaches("stderr");
    front.leave_after_input = !front.output && !front.errors;
    front.attach = front.interactive || !front.leave_after_input;
    front.detach_keys = options.detach_keys;
    front.signal_proxy = options.signal_proxy;
    const ContainerRecord record = std::move(created.record);
    try {
        start_requirements(engine, record.request);
        RunResult result = start_and_front(engine, record, std::move(created.lock), front);
        if (front.leave_after_input) result.status = 0;  // of a program that goes on unseen
        return result;
    } catch (const Error&) {
        // The monitor removes its container when a start fails; one that never got that far cannot.
        if (request.auto_remove) remove_if_left(engine, record);
        throw;
    }
}

namespace {

/// What a killed monitor left of the last run. A state that cannot be read says nothing, one of a
/// newer skiff is refused: it would be replaced.
void end_last_run(const Engine& engine, const ContainerFiles& files,
                  const ContainerRecord& record) {
    ContainerState state;
    try {
        state = files.stored_state();
        if (!is_active(state.status)) return;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::invalid) throw;
    }
    end_leftovers(engine, record.id, state, record);
}

}  // namespace

std::string create_container(
    const Engine& engine, const CreateRequest& request,
    const std::function<void(const std::string& image, bool missing)>& bring) {
    return make_container(engine, request, false, bring).record.id;
}

namespace {

/// The monitor says so. One that was killed a moment ago is in the state for a moment longer.
bool answers(const ContainerFiles& files, const ContainerRecord& record) {
    const ContainerStatus status = files.current_state().status;
    if (status != ContainerStatus::running) return is_active(status);
    const Fd run = find_at(AT_FDCWD, record.run_root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    std::optional<monitor::MonitorConnection> connection;
    try {
        constexpr std::chrono::milliseconds patience{1000};
        if (run.valid()) connection = monitor::connect_at(run.get(), record.id + ".sock", patience);
    } catch (const Error& error) {
        return error.kind() == ErrorKind::unsupported;  // it lives, and speaks another version
    }
    // Without a socket (its run directory was taken away) the lock is all there is to ask. One that
    // is there and answers nobody is a dead monitor's.
    if (!connection)
        return !find_at(AT_FDCWD, fmt::format("{}/{}.sock", record.run_root, record.id), O_PATH)
                    .valid() &&
               is_locked(files.directory(), "lock");
    try {
        monitor::await_start(connection->socket.get());
        return true;
    } catch (const Error&) {
        return false;
    }
}

/// The lock of a container that is to be started; nothing when it runs already.
std::optional<FileLock> lock_for_start(const ContainerFiles& files, const ContainerRecord& record) {
    using Clock = std::chrono::steady_clock;
    // A monitor that is dead is gone by then; one that stands still (SIGSTOP, a disk) is not.
    const auto end = Clock::now() + std::chrono::seconds(2);
    constexpr std::chrono::milliseconds pause{2};
    for (;; std::this_thread::sleep_for(pause)) {
        auto lock = files.lock_when_idle();
        if (lock && !lock->held())
            throw Error(ErrorKind::not_found, "No such container: {}", record.name);
        if (lock || answers(files, record) || Clock::now() > end) return lock;
    }
}

}  // namespace

RunResult start_container(const Engine& engine, const std::string& name,
                          const StartOptions& options) {
    const ContainerFiles files = find_container(engine, name);
    ContainerRecord record = files.record();
    auto lock = lock_for_start(files, record);
    engine.phases().mark("command line and record");
    if (!lock) {
        const ContainerState state = files.current_state();
        if (is_paused(state))
            throw Error(ErrorKind::conflict,
                        "cannot start a paused container, try unpause instead");
        if (options.attach)
            throw Error(ErrorKind::conflict,
                        "you cannot start and attach to container {}: it is running already", name);
        if (!state.network_lost.empty())
            engine.warn(
                fmt::format("container {} runs, but without its network ({}): 'skiff "
                            "restart {}' gives it one again",
                            record.name, state.network_lost, record.name));
        RunResult outcome;
        outcome.id = record.id;
        return outcome;
    }
    record = files.record();  // as nobody else changes it now
    end_last_run(engine, files, record);
    start_requirements(engine, record.request);
    // Its monitor will listen in the run directory of this session, which need not be the one that
    // made the container (ssh, cron, su).
    if (record.run_root != engine.run_root()) {
        record = update_record(
            engine, files, [&](ContainerRecord& current) { current.run_root = engine.run_root(); },
            Durability::none);
    }
    Front front;
    front.attach = options.attach;
    front.interactive = options.interactive;
    front.detach_keys = options.detach_keys;
    front.signal_proxy = options.signal_proxy;
    return start_and_front(engine, record, std::move(*lock), front);
}

}  // namespace skiff::engine
