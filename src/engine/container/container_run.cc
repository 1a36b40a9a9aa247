// SPDX-License-Identifier: Apache-2.0
#include "engine/container/container_run.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <sys/mount.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/container/container_network.h"
#include "engine/container/health.h"
#include "engine/container/launch_preparation.h"
#include "engine/container/log_options.h"
#include "engine/container/monitor_options.h"
#include "engine/container/resources.h"
#include "monitor/settle.h"

namespace skiff::engine {
namespace {

/// Mounts made here must not appear in the host's namespace.
void separate_mounts() {
    if (mount(nullptr, "/", nullptr, MS_REC | MS_SLAVE, nullptr) < 0)
        throw SystemError(errno, "cannot separate our mounts from the host's");
}

/// They were the caller's (passthrough) and are the program's alone from here on: whoever waits for
/// their end must not wait for us.
void give_up_streams() {
    const Fd null = open_file("/dev/null", O_RDWR);
    for (int number = 0; number < 3; ++number)
        if (dup2(null.get(), number) < 0)
            throw SystemError(errno, "cannot close a standard stream");
}

ContainerState running_state(const Preparation& preparation, pid_t host_pid) {
    ContainerState state;
    state.status = ContainerStatus::running;
    state.pid = host_pid;
    state.pid_start_time = process_start_time(host_pid);
    state.monitor_pid = own_host_pid();
    state.monitor_start_time = process_start_time(static_cast<pid_t>(state.monitor_pid));
    state.boot_id = boot_id();
    state.started_at = now();
    state.uid = preparation.user.uid;
    state.gid = preparation.user.gid;
    state.groups = preparation.user.groups;
    state.home = preparation.user.home;
    state.less = preparation.less;
    state.device_environment = preparation.device_environment;
    return state;
}

/// Above every number that they shall have in the program, and for nobody else.
std::vector<Fd> take_preserved(const MonitorArguments& arguments) {
    std::vector<Fd> taken;
    if (arguments.preserved.empty()) return taken;
    const int above = std::ranges::max(arguments.preserved) + 1;
    int place = monitor_listener_fd + static_cast<int>(arguments.listeners.size());
    for (size_t i = 0; i < arguments.preserved.size(); ++i, ++place) {
        const Fd passed(place);
        taken.emplace_back(fcntl(passed.get(), F_DUPFD_CLOEXEC, above));
        if (!taken.back().valid())
            throw SystemError(errno, "cannot take the descriptor {}", arguments.preserved[i]);
    }
    return taken;
}

}  // namespace

ContainerRun::ContainerRun(const MonitorArguments& arguments, const Engine& engine, FileLock lock)
    : engine_(engine),
      lock_(std::move(lock)),
      listeners_(arguments.listeners.begin(), arguments.listeners.end()),
      preserved_(take_preserved(arguments)),
      preserved_numbers_(arguments.preserved),
      command_line_(arguments.command_line),
      wanted_groups_(runtime::parse_groups_word(arguments.cgroups)),
      files_(engine, arguments.id),
      record_(files_.record()),
      policy_(parse_restart_policy(record_.request.restart)),
      supervisor_(with_changes(supervisor_options(
          engine, files_, record_, arguments,
          [this](monitor::HealthResult result) { return note_health(std::move(result)); }))) {
    supervisor_.add_client(Fd(monitor_client_fd));
    if (!record_.request.runtime.empty()) external_.emplace(files_, record_, arguments.rootless);
    engine_.phases().mark("monitor: record, log and socket");
}

int ContainerRun::run() {
    for (bool first = true;; first = false) {
        monitor::ContainerIo io;
        Child init;
        try {
            start(io, init, first);
        } catch (const Error& error) {
            return end_failed(error);
        }
        const ExitStatus status =
            supervisor_.run(std::move(io), std::move(init), static_cast<pid_t>(state_.pid));
        note_end(status);
        if (!rest_before_restart()) return end();
    }
}

/// Whatever becomes of them: nothing else is mounted before our mounts are apart.
void ContainerRun::hold_shared_sources() {
    try {
        shared_.emplace(record_);
    } catch (const Error&) {
        separate_mounts();
        throw;
    }
    separate_mounts();
}

void ContainerRun::start(monitor::ContainerIo& io, Child& init, bool first) {
    if (!shared_) hold_shared_sources();
    monitor::WindowSize size;
    // First of all: it prepares itself while the container is prepared here.
    start_network();
    if (first) {
        size = supervisor_.await_foreground();
        engine_.phases().mark("monitor: wait for the command");
        if (policy_.kind != RestartPolicy::Kind::no) mark_wanted(engine_, record_.id);
    }
    groups_ = runtime::ContainerGroups::create(
        wanted_groups_, record_.id, needed_controllers(group_limits(record_.request.resources)));
    engine_.phases().mark("monitor: control groups");
    Preparation preparation =
        prepare_launch(engine_, files_, record_, groups_, *shared_, {size.rows, size.columns});
    preparation.plan.command_line = command_line_;
    for (size_t i = 0; i < preserved_.size(); ++i)
        preparation.plan.kept.push_back({preserved_[i].get(), preserved_numbers_[i]});
    if (first && supervisor_.foreground_gone())
        throw Error(ErrorKind::system, "the command that started the container is gone");
    if (first) supervisor_.report_warnings(preparation.unenforced);
    hooks_.reset();
    if (preparation.hooks) hooks_.emplace(std::move(*preparation.hooks));
    const runtime::IdMaps* nested = preparation.nested ? &*preparation.nested : nullptr;
    runtime::Launched launched =
        external_ ? external_->launch(std::move(*preparation.spec), std::move(preparation.plan),
                                      launch_hooks())
                  : runtime::launch(std::move(preparation.plan), nested, launch_hooks());
    engine_.phases().mark("monitor: clone to exec");
    if (record_.request.log.driver == passthrough_log_driver) give_up_streams();
    init = std::move(launched.init);
    io = std::move(preparation.io);
    io.pty_master = std::move(launched.pty_master);
    const pid_t host_pid = host_pid_of(init);
    const int restarts = first ? 0 : state_.restart_count;
    Timestamp finished_before{};
    try {
        finished_before = files_.stored_state().finished_at;
    } catch (const Error&) {
        // A damaged state says nothing, and is replaced now.
    }
    state_ = running_state(preparation, host_pid);
    state_.restart_count = restarts;
    state_.finished_at = finished_before;
    if (is_checked(record_.config.health)) state_.health.status = "starting";
    state_.cgroups = groups_.recorded();
    state_.ports = ports_;
    // Held until the exit code is out: the tree of mounts comes down after that, not before.
    built_in_lock_ = std::move(preparation.built_in_lock);
    hold_mount_namespace(host_pid);
    run_started_hooks();
    files_.write_state(state_, Durability::none);
    watch_memory();
    engine_.phases().mark("monitor: state");
    monitor::settle("skiff-monitor");
    watch_network();
    engine_.phases().mark("monitor: settle");
    report_phases();
}

void ContainerRun::run_started_hooks() {
    if (!hooks_) return;
    for (std::string& failure : hooks_->run_started()) state_.less.push_back(std::move(failure));
}

/// Nothing is held of a program that has ended already: its entries are gone or, for one that
/// may not be dumped (our own init) and has no memory left, closed to all but the host's root.
void ContainerRun::hold_mount_namespace(pid_t host_pid) {
    try {
        mount_namespace_ = find_at(AT_FDCWD, fmt::format("/proc/{}/ns/mnt", host_pid), O_RDONLY);
    } catch (const SystemError& error) {
        if (error.errno_value() != EACCES && error.errno_value() != ESRCH) throw;
    }
}

void ContainerRun::report_phases() {
    if (engine_.phases().on()) supervisor_.report_timing(engine_.phases().take());
}

}  // namespace skiff::engine
