// SPDX-License-Identifier: Apache-2.0
#include "engine/container/monitor_role.h"

#include <cerrno>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/container/container_network.h"
#include "engine/container/egress_log.h"
#include "engine/container/external_runtime.h"
#include "engine/container/health.h"
#include "engine/container/launch_preparation.h"
#include "engine/container/log_options.h"
#include "engine/container/monitor_options.h"
#include "engine/container/monitor_process.h"
#include "engine/container/network_helper.h"
#include "engine/container/pause.h"
#include "engine/container/port_listeners.h"
#include "engine/container/resolv_conf_watch.h"
#include "engine/container/restart_policy.h"
#include "engine/volume/volume_users.h"
#include "monitor/settle.h"
#include "monitor/supervisor.h"
#include "runtime/launch.h"
#include "runtime/sealed_exec.h"

namespace skiff::engine {
namespace {

constexpr std::chrono::milliseconds group_patience{2000};  ///< for what has been killed

/// What must hold before anything of the container is touched.
void become_quiet() {
    // A process that will have a child in the container's namespaces must not be a way to our file
    // (CVE-2019-5736).
    if (!runtime::runs_sealed())
        throw Error(ErrorKind::system, "the monitor does not run from a sealed file");
    prctl(PR_SET_DUMPABLE, 0);
    // Orphans of containers that share the host's pid namespace come to us instead of to the host's
    // init.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (setsid() < 0 && errno != EPERM) throw SystemError(errno, "cannot make a session");
    umask(0022);
    if (chdir("/") < 0) throw SystemError(errno, "cannot enter '/'");
    for (int fd = monitor_client_fd; fd < monitor_listener_fd; ++fd)
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
            throw SystemError(errno, "the monitor was started without its descriptors");
}

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
    return state;
}

/// Everybody has heard of the end by now. What cannot be deleted stays in the trash, which the next
/// command empties.
void delete_what_can_be(const Discarded& trash) {
    try {
        for (const std::string& volume : trash.volumes) delete_trash(volume);
        delete_trash(trash.container);
    } catch (const Error&) {
    }
}

/// The container's life: one object, since the end needs what the beginning made.
class ContainerRun {
  public:
    ContainerRun(const MonitorArguments& arguments, const Engine& engine, FileLock lock)
        : engine_(engine),
          lock_(std::move(lock)),
          listeners_(arguments.listeners.begin(), arguments.listeners.end()),
          command_line_(arguments.command_line),
          wanted_groups_(runtime::parse_groups_word(arguments.cgroups)),
          files_(engine, arguments.id),
          record_(files_.record()),
          policy_(parse_restart_policy(record_.request.restart)),
          supervisor_(with_pause(supervisor_options(
              engine, files_, record_, arguments,
              [this](monitor::HealthResult result) { return note_health(std::move(result)); }))) {
        supervisor_.add_client(Fd(monitor_client_fd));
        if (!record_.request.runtime.empty())
            external_.emplace(files_, record_, arguments.rootless);
        engine_.phases().mark("monitor: record, log and socket");
    }

    int run() {
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

  private:
    monitor::SupervisorOptions with_pause(monitor::SupervisorOptions options) {
        options.set_paused = [this](bool paused) { set_paused(paused); };
        return options;
    }

    /// The freezer where there is one: no process can tell, and none can refuse.
    void hold(bool paused) {
        if (!groups_.can_freeze()) {
            hold_processes(record_, paused);
        } else if (paused) {
            groups_.freeze(group_patience);
        } else {
            groups_.thaw();
        }
    }

    void set_paused(bool paused) {
        hold(paused);
        state_.paused = paused;
        state_.paused_by = !paused ? "" : groups_.can_freeze() ? "freezer" : "signals";
        try {
            files_.write_state(state_, Durability::none);
        } catch (const Error&) {
            hold(!paused);
            state_.paused = !paused;
            throw;
        }
    }

    /// Whatever becomes of them: nothing else is mounted before our mounts are apart.
    void hold_shared_sources() {
        try {
            shared_.emplace(record_);
        } catch (const Error&) {
            separate_mounts();
            throw;
        }
        separate_mounts();
    }

    void start(monitor::ContainerIo& io, Child& init, bool first) {
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
            wanted_groups_, record_.id,
            needed_controllers(group_limits(record_.request.resources)));
        engine_.phases().mark("monitor: control groups");
        Preparation preparation =
            prepare_launch(engine_, files_, record_, groups_, *shared_, {size.rows, size.columns});
        preparation.plan.command_line = command_line_;
        if (first && supervisor_.foreground_gone())
            throw Error(ErrorKind::system, "the command that started the container is gone");
        if (first) supervisor_.report_warnings(preparation.unenforced);
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
        state_ = running_state(preparation, host_pid);
        state_.restart_count = restarts;
        if (is_checked(record_.config.health)) state_.health.status = "starting";
        state_.cgroups = groups_.recorded();
        state_.ports = ports_;
        // Held until the exit code is out: the tree of mounts comes down after that, not before.
        built_in_lock_ = std::move(preparation.built_in_lock);
        hold_mount_namespace(host_pid);
        files_.write_state(state_, Durability::none);
        watch_memory();
        engine_.phases().mark("monitor: state");
        monitor::settle("skiff-monitor");
        watch_network();
        engine_.phases().mark("monitor: settle");
        report_phases();
    }

    void start_network() {
        if (!has_private_network(record_.request)) return;
        network::HelperConfig config = network_config(record_.request);
        config.egress = egress_rules(record_.request);
        config.resolv_conf = resolver_servers();
        network_.emplace(NetworkHelper::start());
        ports_ = publish_ports(record_, listeners_, *network_, config);
        network_->configure(config);
        resolv_conf_ = std::move(config.resolv_conf);
        engine_.phases().mark("monitor: start the network helper");
    }

    /// With egress= the servers of --dns are asked by the helper, not by the container.
    bool has_own_servers() const {
        return !record_.request.slirp.egress.empty() && !record_.request.dns.empty();
    }

    std::string resolver_servers() const {
        if (!has_own_servers()) return host_resolv_conf();
        std::string text;
        for (const std::string& server : record_.request.dns)
            text += fmt::format("nameserver {}\n", server);
        return text;
    }

    runtime::LaunchHooks launch_hooks() {
        if (!network_) return {};
        return {
            .cloned = [this](const Child& init) { network_->give_namespace_of(host_pid_of(init)); },
            .before_program =
                [this] {
                    network_->await_ready();
                    engine_.phases().mark("monitor: wait for the network");
                }};
    }

    /// From here on without waiting: the host's name servers may change, and the helper may die.
    void watch_network() {
        if (!network_) return;
        if (!has_own_servers()) {
            resolv_watch_.emplace(std::move(resolv_conf_));
            follow_resolv_conf();
            supervisor_.listen_to(resolv_watch_->fd(), [this] { return follow_resolv_conf(); });
        }
        supervisor_.listen_to(network_->channel(), [this] { return hear_network(); });
    }

    bool follow_resolv_conf() {
        if (const auto content = resolv_watch_->changed()) network_->send_resolv_conf(*content);
        return true;
    }

    bool hear_network() {
        const auto text = network_->receive();
        if (text) {
            const network::Message message = network::parse_message(*text);
            if (message.type == network::MessageType::log)
                append_refusal(files_.directory(), message.content);
            if (message.type != network::MessageType::failure) return true;
        }
        state_.network_lost =
            text ? network::parse_error(text->substr(1)).message()
                 : "the network helper was killed: there is no network until the next start";
        try {
            files_.write_state(state_, Durability::none);
        } catch (const Error&) {
            // A full disk; the container goes on, and the next state says it, too.
        }
        return false;
    }

    void end_network() {
        supervisor_.stop_listening();
        resolv_watch_.reset();
        network_.reset();
    }

    /// Nothing is held of a program that has ended already: its entries are gone or, for one that
    /// may not be dumped (our own init) and has no memory left, closed to all but the host's root.
    void hold_mount_namespace(pid_t host_pid) {
        try {
            mount_namespace_ =
                find_at(AT_FDCWD, fmt::format("/proc/{}/ns/mnt", host_pid), O_RDONLY);
        } catch (const SystemError& error) {
            if (error.errno_value() != EACCES && error.errno_value() != ESRCH) throw;
        }
    }

    void report_phases() {
        if (engine_.phases().on()) supervisor_.report_timing(engine_.phases().take());
    }

    int end_failed(const Error& error) {
        state_ = files_.stored_state();
        state_.status =
            state_.started_at == Timestamp{} ? ContainerStatus::created : ContainerStatus::exited;
        state_.error = error.message();
        state_.exit_code = error.kind() == ErrorKind::command_missing  ? 127
                           : error.kind() == ErrorKind::cannot_execute ? 126
                                                                       : 125;
        if (external_) external_->remove();
        end_network();
        // One that ran before is wanted still: what is missing today may be there tomorrow.
        if (state_.started_at == Timestamp{}) forget_policy();
        state_.cgroups.clear();
        groups_.remove(group_patience);
        const Discarded trash = conclude();
        lock_.unlock();
        supervisor_.report_failure(error);
        delete_what_can_be(trash);
        return state_.exit_code;
    }

    void note_end(ExitStatus status) {
        engine_.phases().mark("monitor: the program");
        end_network();
        state_.oom_killed = state_.oom_killed || groups_.oom_kills() > 0;
        if (record_.request.namespaces.pid == "host") {
            // Nobody else kills what the program left running, and it must be gone before the
            // writable layer is used again or removed.
            groups_.kill_all(group_patience);
            supervisor_.end_orphans();
        }
        // Before the lock is free: the next start makes groups of the same name. With --rm there is
        // none.
        state_.cgroups.clear();
        if (!record_.request.auto_remove) groups_.remove(group_patience);
        state_.status = ContainerStatus::exited;
        state_.paused = false;
        state_.network_lost.clear();
        state_.ports.clear();
        state_.pid = 0;
        state_.exit_code = status.shell_code();
        state_.finished_at = now();
        if (external_) external_->remove();
    }

    /// False when the container is to stay as it is.
    bool rest_before_restart() {
        const bool asked = supervisor_.take_restart();
        if (!asked && (supervisor_.asked_to_end() ||
                       !starts_again(policy_, state_.exit_code, state_.restart_count)))
            return false;
        // The next run mounts the same writable layer: nothing of the last may hold it.
        supervisor_.await_sessions(std::chrono::seconds(2));
        mount_namespace_.reset();
        built_in_lock_.unlock();
        state_.status = ContainerStatus::restarting;
        files_.write_state(state_, Durability::none);
        const auto delay = asked ? std::chrono::milliseconds(0)
                                 : back_off_.next(state_.finished_at - state_.started_at);
        if (!supervisor_.rest(state_.exit_code, delay)) {
            state_.status = ContainerStatus::exited;
            return false;
        }
        if (!asked) ++state_.restart_count;
        return true;
    }

    int end() {
        // Whoever ends us by SIGTERM ends the session or the host, and not what the user wants.
        if (!supervisor_.terminated()) {
            if (supervisor_.asked_to_end())
                mark_stopped(engine_, record_.id, policy_);
            else
                forget_policy();
        }
        const Discarded trash = conclude();
        engine_.phases().mark("monitor: final state");
        report_phases();
        // The next start mounts the same writable layer; what is removed comes down after the news.
        if (!record_.request.auto_remove) mount_namespace_.reset();
        // The next command may be `start` or `rm`, typed by a script right after the exit code.
        lock_.unlock();
        supervisor_.report_exit(state_.exit_code);
        groups_.remove(group_patience);
        mount_namespace_.reset();
        delete_what_can_be(trash);
        // They end with us, and a client of theirs may still be taking the last of its output.
        supervisor_.await_sessions();
        return 0;
    }

    /// Of the container's processes, not only of the first: the container may go on without one.
    void watch_memory() {
        runtime::ContainerGroups::OomEvent event;
        try {
            event = groups_.open_oom_event();
        } catch (const SystemError&) {
            // Refused: the count is looked at when the container has ended.
        }
        if (!event.fd.valid()) return;
        const int fd = event.fd.get();
        supervisor_.watch({std::move(event.fd), event.events, [this, fd] {
                               runtime::ContainerGroups::take_oom_event(fd);
                               return note_memory();
                           }});
    }

    /// Where the event comes before the kill is counted, it is looked for a little longer.
    std::optional<std::chrono::milliseconds> note_memory() {
        if (state_.oom_killed) return std::nullopt;
        state_.oom_killed = groups_.oom_kills() > 0;
        constexpr int looks = 10;
        if (!state_.oom_killed) {
            memory_looks_ = (memory_looks_ + 1) % looks;
            if (memory_looks_ == 0) return std::nullopt;
            return std::chrono::milliseconds(20);
        }
        try {
            files_.write_state(state_, Durability::none);
        } catch (const Error&) {
            // A full disk: the state is written once more at the end.
        }
        return std::nullopt;
    }

    bool note_health(monitor::HealthResult result) {
        take_result(record_.config.health, std::move(result), state_.health);
        try {
            files_.write_state(state_, Durability::none);
        } catch (const Error&) {
            // A full disk: the next check tells again.
        }
        return state_.health.status == "starting";
    }

    void forget_policy() {
        if (policy_.kind != RestartPolicy::Kind::no) forget_wanted(engine_, record_.id);
    }

    /// What must be true before anybody hears of the end: the name is free again, or the state says
    /// exited.
    Discarded conclude() {
        unlink(fmt::format("{}/{}.sock", engine_.run_root(), record_.id).c_str());
        if (!record_.request.auto_remove) {
            try {
                files_.write_state(state_, Durability::sync);
            } catch (const Error&) {
                // Whoever waits hears the exit code all the same.
            }
            return {};
        }
        return discard_with_volumes(engine_, files_, files_.record(), true);
    }

    const Engine& engine_;
    FileLock lock_;
    std::vector<Fd> listeners_;  ///< that the command was started with
    std::span<char> command_line_;
    std::vector<runtime::ContainerGroup> wanted_groups_;
    runtime::ContainerGroups groups_;
    ContainerFiles files_;
    ContainerRecord record_;
    RestartPolicy policy_;
    BackOff back_off_;
    monitor::Supervisor supervisor_;
    ContainerState state_;
    Fd mount_namespace_;
    int memory_looks_ = 0;
    std::optional<ExternalRuntime> external_;  ///< with --runtime
    FileLock built_in_lock_;
    std::optional<NetworkHelper> network_;  ///< of the present run, where it has one
    std::vector<PublishedPort> ports_;      ///< of the present run
    std::string resolv_conf_;               ///< as the helper was told
    std::optional<ResolvConfWatch> resolv_watch_;
    std::optional<SharedSources> shared_;
};

int supervise_container(const MonitorArguments& arguments) {
    const std::int64_t origin = arguments.timing ? monotonic_time() : 0;
    become_quiet();
    FileLock lock{Fd(monitor_lock_fd)};
    const Engine engine({.root = arguments.root,
                         .run_root = arguments.run_root,
                         .config = {},
                         .strict = arguments.strict,
                         .timing = arguments.timing,
                         .timing_origin = origin});
    engine.phases().mark("monitor: set-up");
    ContainerRun container(arguments, engine, std::move(lock));
    return container.run();
}

}  // namespace

int monitor_role(int argc, char** argv) {
    try {
        return supervise_container(parse_monitor_arguments(argc, argv));
    } catch (const Error& error) {
        // Before there is a supervisor to say it; afterwards the socket is closed and nobody hears.
        try {
            monitor::send_frame(monitor_client_fd, monitor::FrameType::failed,
                                monitor::encode(error));
        } catch (const Error&) {
        }
        return 125;
    }
}

}  // namespace skiff::engine
