// SPDX-License-Identifier: Apache-2.0
#include "engine/container/lifecycle.h"

#include <algorithm>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/signal_name.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/create.h"
#include "engine/container/restart_policy.h"
#include "engine/container/run.h"
#include "monitor/address.h"
#include "monitor/client.h"

namespace skiff::engine {
namespace {

constexpr int default_timeout_seconds = 10;

int signal_for(const StopOptions& options, const ContainerRecord& record) {
    if (options.signal.empty()) return stop_signal_of(record);
    const auto number = find_signal(options.signal);
    if (!number) throw Error(ErrorKind::invalid, "Invalid signal: {}", printable(options.signal));
    return *number;
}

}  // namespace

std::optional<monitor::MonitorConnection> connect_to_monitor(const ContainerRecord& record) {
    const Fd run = find_at(AT_FDCWD, record.run_root, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!run.valid()) return std::nullopt;
    return monitor::connect_at(run.get(), record.id + ".sock");
}

monitor::MonitorConnection connect_to_running(const ContainerFiles& files) {
    if (files.current_state().status == ContainerStatus::running) {
        const ContainerRecord record = files.record();
        if (auto connection = connect_to_monitor(record)) return std::move(*connection);
        // It may be about to say its last word.
        if (!files.lock_when_idle() && files.current_state().status == ContainerStatus::running)
            throw Error(ErrorKind::system,
                        "the monitor of container {} does not answer at '{}/{}.sock'", record.name,
                        record.run_root, record.id);
    }
    if (files.current_state().status == ContainerStatus::restarting)
        throw Error(ErrorKind::conflict,
                    "Container {} is restarting, wait until the container is running", files.id());
    throw Error(ErrorKind::conflict, "Container {} is not running", files.id());
}

namespace {

/// By pidfd, and only the process that has this number and start time in this boot.
Fd signal_process(std::int64_t pid, std::uint64_t start_time, const std::string& boot, int number) {
    if (pid <= 1 || boot != boot_id()) return Fd();
    Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, static_cast<pid_t>(pid), 0)));
    // Asked after the pidfd is open: what has this start time is what the pidfd names.
    if (!pidfd.valid() || process_start_time(static_cast<pid_t>(pid)) != start_time) return Fd();
    syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0);
    return pidfd;
}

}  // namespace

Fd signal_by_state(const ContainerState& state, int number) {
    if (state.status != ContainerStatus::running) return Fd();
    return signal_process(state.pid, state.pid_start_time, state.boot_id, number);
}

namespace {

int stop_seconds(const StopOptions& options, const ContainerRecord& record) {
    constexpr int longest = 2'000'000;
    return std::min(longest, options.timeout_seconds.value_or(
                                 record.request.stop_timeout.value_or(default_timeout_seconds)));
}

monitor::StopFrame stop_frame(int number, int seconds) {
    return {number, seconds < 0 ? -1 : seconds * 1000};
}

/// For a container whose monitor lives and cannot be reached, since its run directory was taken
/// away (a logout removes /run/user/UID). False when that is not so.
bool stop_by_state(const Engine& engine, const ContainerFiles& files, const ContainerRecord& record,
                   int number, int seconds) {
    const ContainerState state = files.current_state();
    // The monitor must know, or its restart policy starts the program again; it keeps the mark.
    const Fd monitor =
        signal_process(state.monitor_pid, state.monitor_start_time, state.boot_id, SIGTERM);
    if (monitor.valid())
        mark_stopped(engine, record.id, parse_restart_policy(record.request.restart));
    const Fd pidfd = signal_by_state(state, number);
    if (!pidfd.valid() && !monitor.valid()) return false;
    if (!pidfd.valid()) {
        files.wait_lock();  // it rested between two runs
        return true;
    }
    pollfd entry{pidfd.get(), POLLIN, 0};
    if (poll(&entry, 1, seconds < 0 ? -1 : seconds * 1000) == 0)
        syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
    files.wait_lock();  // its monitor gives it up with its last word
    return true;
}

}  // namespace

StopRequest::StopRequest(const Engine& engine, const std::string& name, const StopOptions& options)
    : files_(find_container(engine, name)),
      record_(files_.record()),
      number_(signal_for(options, record_)),
      seconds_(stop_seconds(options, record_)),
      // A monitor has the lock before and after its state says so, and when that was lost.
      active_(is_active(files_.current_state().status) || is_locked(files_.directory(), "lock")) {
    if (!active_) {
        // It may be wanted and fail to start.
        mark_stopped(engine, record_.id, parse_restart_policy(record_.request.restart));
        return;
    }
    connection_ = connect_to_monitor(record_);
    if (connection_)
        active_ = monitor::send_frame(connection_->socket.get(), monitor::FrameType::stop,
                                      monitor::encode(stop_frame(number_, seconds_)), {},
                                      connection_->version);
}

void StopRequest::await(const Engine& engine) {
    if (!active_) return;
    if (!connection_) {
        // It ended a moment ago, or its run directory was taken away from under it.
        if (!is_active(files_.current_state().status)) {
            mark_stopped(engine, record_.id, parse_restart_policy(record_.request.restart));
            return;
        }
        if (stop_by_state(engine, files_, record_, number_, seconds_)) return;
        throw Error(ErrorKind::system,
                    "the monitor of container {} does not answer at '{}/{}.sock'", record_.name,
                    record_.run_root, record_.id);
    }
    try {
        monitor::await_exit(connection_->socket.get());
    } catch (const Error&) {
        // The monitor died while it stopped the container: then the container is dead, too.
        if (is_active(files_.current_state().status)) throw;
    }
}

void stop_container(const Engine& engine, const std::string& name, const StopOptions& options) {
    StopRequest(engine, name, options).await(engine);
}

namespace {

/// False when the program has ended meanwhile.
bool send_signal(const ContainerFiles& files, const ContainerRecord& record, int number) {
    const auto connection = connect_to_monitor(record);
    if (!connection) {
        // Its run directory was taken away from under it.
        if (!signal_by_state(files.current_state(), number).valid()) return false;
        if (number == SIGKILL) files.wait_lock();
        return true;
    }
    if (!monitor::send_frame(connection->socket.get(), monitor::FrameType::signal,
                             monitor::encode_number(number), {}, connection->version))
        return false;
    if (number != SIGKILL) return true;
    try {
        monitor::await_exit(connection->socket.get());
    } catch (const Error&) {
        if (is_active(files.current_state().status)) throw;
    }
    return true;
}

}  // namespace

void shut_down_containers(const Engine& engine) {
    std::vector<ContainerFiles> ending;
    for (const ContainerSummary& container : list_containers(engine, false)) {
        const ContainerState& state = container.state;
        // Its monitor takes SIGTERM for just this. All at once: they need the same ten seconds.
        if (signal_process(state.monitor_pid, state.monitor_start_time, state.boot_id, SIGTERM)
                .valid())
            ending.push_back(find_container(engine, container.record.id));
    }
    for (const ContainerFiles& files : ending) files.wait_lock();
}

void kill_container(const Engine& engine, const std::string& name, const std::string& signal) {
    const ContainerFiles files = find_container(engine, name);
    const auto number = signal.empty() ? SIGKILL : find_signal(signal);
    if (!number) throw Error(ErrorKind::invalid, "Invalid signal: {}", printable(signal));
    if (is_active(files.current_state().status) && send_signal(files, files.record(), *number))
        return;
    throw Error(ErrorKind::conflict, "Cannot kill container: {}: Container {} is not running",
                printable(name), files.id());
}

void restart_container(const Engine& engine, const std::string& name, const StopOptions& options) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerRecord record = files.record();
    const int number = signal_for(options, record);
    if (is_active(files.current_state().status)) {
        if (const auto connection = connect_to_monitor(record)) {
            try {
                monitor::request_restart(connection->socket.get(), connection->version,
                                         stop_frame(number, stop_seconds(options, record)));
                return;
            } catch (const Error& error) {
                // A monitor that was about to end anyway, or was killed, could not obey.
                if (error.kind() != ErrorKind::system || is_active(files.current_state().status))
                    throw;
            }
        } else {
            stop_container(engine, record.id, options);
        }
    }
    start_container(engine, record.id, {});
}

}  // namespace skiff::engine
