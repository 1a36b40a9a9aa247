// SPDX-License-Identifier: Apache-2.0
#include "monitor/supervisor.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <unistd.h>

#include <sys/signalfd.h>
#include <sys/wait.h>

#include "monitor/descendants.h"

namespace skiff::monitor {
namespace {

// Buffers go back to the kernel after this long without a byte.
constexpr std::chrono::milliseconds idle_time{1000};
// For clients that take nothing, when somebody shuts the host down.
constexpr std::chrono::milliseconds patience_of_a_shutdown{2000};

Fd take_over_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int number : {SIGCHLD, SIGTERM, SIGINT, SIGHUP, SIGQUIT}) sigaddset(&set, number);
    if (sigprocmask(SIG_BLOCK, &set, nullptr) < 0) throw SystemError(errno, "cannot block signals");
    Fd fd(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!fd.valid()) throw SystemError(errno, "cannot receive signals");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN);  // a log at its file size limit is EFBIG, not our death
    return fd;
}

int milliseconds_until(std::chrono::steady_clock::time_point time) {
    using std::chrono::milliseconds;
    const auto left = std::chrono::ceil<milliseconds>(time - std::chrono::steady_clock::now());
    return static_cast<int>(std::clamp(left, milliseconds(0), milliseconds(INT32_MAX)).count());
}

}  // namespace

Supervisor::Supervisor(SupervisorOptions options)
    : options_(std::move(options)), signals_(take_over_signals()), scratch_(max_frame) {
    if (options_.health) health_.emplace(std::move(*options_.health));
}

void Supervisor::add_client(Fd socket) {
    clients_.emplace_back(std::move(socket), geteuid());
    greet(clients_.back());
}

ExitStatus Supervisor::run(ContainerIo io, Child init, pid_t host_pid) {
    outputs_.clear();
    status_.reset();
    init_ = std::move(init);
    host_pid_ = host_pid;
    adopt(std::move(io));
    for (Connection& client : clients_) greet(client);
    reap();  // it may have ended before SIGCHLD was ours
    if (health_) health_->begin();
    if (options_.longest_run.count() > 0) run_ends_at_ = Clock::now() + options_.longest_run;
    while (!status_) turn();
    if (health_) health_->end();
    watch_.reset();
    watch_at_.reset();
    resume();  // sessions have to tell of the end

    close_input();
    pty_peer_.reset();
    for (OutputStream& output : outputs_) drain(output);
    finish_logs();
    host_pid_ = 0;
    pty_master_.reset();
    return *status_;
}

bool Supervisor::rest(int code, std::chrono::milliseconds time) {
    rest_until_ = Clock::now() + time;
    conclude(FrameType::exited, encode_number(code), Whom::attached);
    while (!asked_to_end_ && Clock::now() < *rest_until_) turn();
    rest_until_.reset();
    return take_restart() || !asked_to_end_;
}

void Supervisor::listen_to(int fd, std::function<bool()> act) {
    if (fd >= 0) listened_.push_back({fd, std::move(act)});
}

void Supervisor::serve_listened() {
    std::erase_if(listened_,
                  [this](const Listened& watched) { return ready(watched.fd) && !watched.act(); });
}

bool Supervisor::take_restart() {
    if (!restart_asked_ || terminated_) return false;
    restart_asked_ = false;
    asked_to_end_ = false;
    return true;
}

void Supervisor::report_timing(std::span<const Phase> phases) {
    for (Connection& client : clients_) client.push(FrameType::timing, encode(phases));
}

void Supervisor::report_warnings(std::span<const std::string> sentences) {
    if (sentences.empty()) return;
    for (Connection& client : clients_)
        client.push(FrameType::warnings, encode_warnings(sentences));
}

void Supervisor::report_exit(int code) {
    conclude(FrameType::exited, encode_number(code));
}

void Supervisor::await_sessions(std::optional<std::chrono::milliseconds> patience) {
    std::optional<Clock::time_point> end;
    for (reap(); !sessions_.empty(); take_signals()) {
        if (!patience && terminated_) patience = patience_of_a_shutdown;
        if (patience && !end) end = Clock::now() + *patience;
        const int left = end ? milliseconds_until(*end) : -1;
        pollfd entry{signals_.get(), POLLIN, 0};
        if (left == 0 || poll(&entry, 1, left) == 0) return;
    }
}

void Supervisor::end_orphans() {
    constexpr int between_looks_ms = 10;  // a grandchild's end is no event for us
    for (;;) {
        take_signals();
        reap();
        if (!kill_descendants(sessions_)) return;
        pollfd entry{signals_.get(), POLLIN, 0};
        poll(&entry, 1, between_looks_ms);
    }
}

void Supervisor::report_failure(const Error& error) {
    conclude(FrameType::failed, encode(error));
}

void Supervisor::conclude(FrameType type, const std::string& payload, Whom whom) {
    if (options_.listener.valid()) accept_clients();
    const auto meant = [&](const Connection& client) {
        return whom == Whom::all || client.attached();
    };
    for (;;) {
        for (Connection& client : clients_) {
            if (!meant(client)) continue;
            const bool waits =
                std::any_of(outputs_.begin(), outputs_.end(), [&](const OutputStream& output) {
                    return client.behind(output.stream, output.filled);
                });
            if (waits) continue;
            client.conclude(type, payload);
            if (!client.unsent() && !client.leaving()) client.drop();
        }
        forget_gone();
        if (std::none_of(clients_.begin(), clients_.end(), meant)) return;
        // A viewer that takes nothing delays neither the next run nor a stop.
        if (rest_until_ && (asked_to_end_ || Clock::now() >= *rest_until_)) break;
        turn();
    }
    if (asked_to_end_) return;  // what is left is delivered at the end
    std::array<std::string_view, 2> contents;
    for (const OutputStream& output : outputs_)
        contents.at(output.stream == Stream::errors ? 1 : 0) = output.content();
    for (Connection& client : clients_)
        if (meant(client)) client.leave(type, payload, contents);
    forget_gone();
}

/// Waits for an event, does what is possible now, and returns.
void Supervisor::turn() {
    collect_polls();
    const bool any = wait();
    check_deadline();
    check_health();
    check_watch();
    if (options_.delivery) options_.delivery->act();
    if (!any) return;
    if (ready(signals_.get())) take_signals();
    serve_listened();
    if (accepting_ && ready(options_.listener.get())) accept_clients();
    for (Connection& client : clients_) {
        if (ready(client.socket())) read_frames(client);
        if (client.input_fd() >= 0 && ready(client.input_fd()))
            client.read_input({scratch_.data(), scratch_.capacity()});
    }
    feed_input();
    for (OutputStream& output : outputs_) {
        const bool readable =
            output.filled == 0 && output.source.valid() && ready(output.source.fd());
        if (readable) read_output(output);
        deliver(output, readable);
    }
    for (Connection& client : clients_)
        if (client.unsent() || client.leaving()) client.flush();
    forget_gone();
}

void Supervisor::collect_polls() {
    constexpr std::size_t max_clients = 64;  // beyond it, connections wait in the listener's queue
    polls_.clear();
    const auto add = [&](int fd, int events) {
        polls_.push_back({fd, static_cast<short>(events), 0});
    };
    add(signals_.get(), POLLIN);
    for (const Listened& watched : listened_) add(watched.fd, POLLIN);
    if (checks_health() && health_->fd() >= 0) add(health_->fd(), POLLIN);
    if (watch_) add(watch_->fd.get(), watch_->events);
    accepting_ =
        options_.listener.valid() && clients_.size() < max_clients && Clock::now() >= accept_at_;
    if (accepting_) add(options_.listener.get(), POLLIN);
    bool input = false;
    for (const Connection& client : clients_) {
        int events = POLLIN;
        if (client.unsent()) events |= POLLOUT;
        for (const OutputStream& output : outputs_) {
            if (!client.behind(output.stream, output.filled)) continue;
            const int fd = client.output_fd(output.stream);
            if (fd == client.socket()) {
                events |= POLLOUT;
            } else {
                add(fd, POLLOUT);
            }
        }
        // Of the run before, which this client is slow to take.
        for (const Stream stream : {Stream::output, Stream::errors})
            if (client.owes(stream)) add(client.output_fd(stream), POLLOUT);
        add(client.socket(), events);
        if (client.input_fd() >= 0 && !status_) add(client.input_fd(), POLLIN);
        input = input || !client.pending_input().empty();
    }
    // Without pending input a pipe is still asked whether the container closed it (POLLERR).
    if (input_.valid() && (input || !options_.tty)) add(input_.fd(), input ? POLLOUT : 0);
    if (options_.delivery && options_.delivery->fd() >= 0)
        add(options_.delivery->fd(), options_.delivery->events());
    if (log_is_full()) return;
    for (const OutputStream& output : outputs_)
        if (output.source.valid() && output.filled == 0) add(output.source.fd(), POLLIN);
}

bool Supervisor::ready(int fd) const {
    return std::any_of(polls_.begin(), polls_.end(),
                       [&](const pollfd& entry) { return entry.fd == fd && entry.revents != 0; });
}

/// False when the time ran out first. The log is written when there is nothing better to do.
bool Supervisor::wait() {
    const auto poll_for = [&](int timeout) {
        const int n = poll(polls_.data(), polls_.size(), timeout);
        if (n < 0 && errno != EINTR) throw SystemError(errno, "cannot wait for events");
        return n > 0;
    };
    if (options_.log && options_.log->pending()) {
        if (poll_for(0)) return true;
        options_.log->flush();
    }
    if (poll_for(timeout_ms())) return true;
    if (used_memory_) release_memory();
    return false;
}

int Supervisor::timeout_ms() const {
    int timeout = -1;
    const auto until = [&](std::optional<Clock::time_point> time) {
        if (!time) return;
        const int left = milliseconds_until(*time);
        timeout = timeout < 0 ? left : std::min(timeout, left);
    };
    if (used_memory_) until(Clock::now() + idle_time);
    if (checks_health()) until(health_->due());
    until(watch_at_);
    until(rest_until_);
    until(kill_at_);
    until(run_ends_at_);
    until(finish_by_);
    if (options_.delivery) until(options_.delivery->due());
    if (Clock::now() < accept_at_) until(accept_at_);
    return timeout;
}

void Supervisor::release_memory() {
    used_memory_ = false;
    scratch_.release_pages();
    for (OutputStream& output : outputs_)
        if (output.filled == 0) output.chunk.release_pages();
    if (options_.log && !options_.log->pending()) options_.log->release_memory();
    for (Connection& client : clients_) client.release_memory();
}

void Supervisor::take_signals() {
    signalfd_siginfo info;
    while (read(signals_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
        if (info.ssi_signo == static_cast<std::uint32_t>(SIGCHLD)) {
            reap();
        } else if (info.ssi_signo == static_cast<std::uint32_t>(SIGTERM)) {
            // Told twice, by a unit of systemd and by its scope, the program is told once: to some
            // a second SIGTERM means at once.
            if (!std::exchange(terminated_, true))
                stop({options_.stop_signal,
                      static_cast<std::int32_t>(options_.stop_timeout.count())});
        }
        // SIGINT, SIGHUP and SIGQUIT are a terminal's doing, and the terminal is the client's.
    }
}

/// As PID 1 we are given every orphan; only init's status is kept.
void Supervisor::reap() {
    for (;;) {
        siginfo_t info{};
        if (waitid(P_ALL, 0, &info, WEXITED | WNOHANG) < 0) {
            if (errno == EINTR) continue;
            sessions_.clear();  // ECHILD: others have waited for them
            return;
        }
        if (info.si_pid == 0) return;
        std::erase(sessions_, info.si_pid);
        if (info.si_pid != init_.pid()) continue;
        status_ = info.si_code == CLD_EXITED ? ExitStatus{info.si_status, 0}
                                             : ExitStatus{0, info.si_status};
        init_.detach();  // its pid is free for others from here on
        kill_at_.reset();
        run_ends_at_.reset();
    }
}

/// A paused container that is to end goes on, as in Docker: stopped, no program can obey. Any other
/// signal waits for it.
void Supervisor::signal_init(int number) {
    if (!init_.valid()) return;
    init_.kill(number);
    if (number == SIGKILL || number == options_.stop_signal) resume();
}

void Supervisor::resume() {
    if (!paused_) return;
    try {
        options_.set_paused(false);
    } catch (const Error&) {
        // It could not be written down. What ends soon is written once more at its end.
    }
    paused_ = false;
}

void Supervisor::stop(const StopFrame& frame) {
    asked_to_end_ = true;
    if (!init_.valid()) return;
    signal_init(frame.signal);
    resume();
    if (frame.timeout_ms < 0) return;
    const auto at = Clock::now() + std::chrono::milliseconds(frame.timeout_ms);
    if (!kill_at_ || at < *kill_at_) kill_at_ = at;
}

void Supervisor::check_health() {
    if (!checks_health() || !init_.valid()) return;
    if (Clock::now() < *health_->due() && (health_->fd() < 0 || !ready(health_->fd()))) return;
    health_->attend([this](int socket, int request) {
        sessions_.push_back(options_.start_session(socket, request, init_.pidfd()));
        return sessions_.back();
    });
}

void Supervisor::watch(Watch watch) {
    watch_ = std::move(watch);
}

void Supervisor::check_watch() {
    if (!watch_) return;
    if (!ready(watch_->fd.get()) && !(watch_at_ && Clock::now() >= *watch_at_)) return;
    watch_at_.reset();
    if (const auto again = watch_->act()) watch_at_ = Clock::now() + *again;
}

void Supervisor::check_deadline() {
    if (run_ends_at_ && Clock::now() >= *run_ends_at_) {
        run_ends_at_.reset();
        signal_init(SIGKILL);
    }
    if (!kill_at_ || Clock::now() < *kill_at_) return;
    kill_at_.reset();
    signal_init(SIGKILL);
}

}  // namespace skiff::monitor
