// SPDX-License-Identifier: Apache-2.0
// The event loop behind one running container: it carries the standard streams between the
// container, its log and any number of clients, delivers signals, reaps, and tells the end. It does
// not prepare, launch or clean up (engine does, around run()), and it knows no file of the
// container but its log.
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <poll.h>

#include <sys/types.h>

#include "base/fd.h"
#include "base/process.h"
#include "monitor/connection.h"
#include "monitor/health_check.h"
#include "monitor/log_delivery.h"
#include "monitor/log_file.h"
#include "monitor/page_buffer.h"
#include "monitor/protocol.h"
#include "monitor/stdio.h"

namespace skiff::monitor {

struct SupervisorOptions {
    Fd listener;  ///< from listen_at(); invalid: only clients given by add_client
    /// Our user namespace is not that of the commands: whoever is in it is in a container, and not
    /// heard.
    bool commands_are_outside = false;
    Fd user_namespace;  ///< handed to clients of our own uid that ask; invalid: none
    std::optional<LogFile> log;
    std::unique_ptr<LogDelivery> delivery;  ///< to a log server; null: none
    bool tty = false;
    /// The end of the first client's input, or of that client, is the end of the container's stdin
    /// (Docker's StdinOnce: `run -i` without -d). Never with a terminal.
    bool stdin_once = false;
    /// The container is killed when the client given to add_client is gone (a step of a build).
    bool ends_with_first_client = false;
    /// What SIGTERM to the monitor (a shutdown of the host) means for the container.
    int stop_signal = SIGTERM;
    /// A signal of a client is a wish to end for good, as for Docker's restart policies, unless it
    /// is another than this one (0: every signal is).
    int ending_signal = 0;
    std::chrono::milliseconds stop_timeout{10000};  ///< until SIGKILL
    /// Starts the process behind one `exec`: it gets copies of the client's socket, of the
    /// descriptor with the request, and of the pidfd of init, and speaks with the client from then
    /// on. Returns its pid, a child of ours. Must not wait for anything. Empty: no sessions.
    std::function<pid_t(int client, int request, int init_pidfd)> start_session;
    /// Stops every process of the container, or lets them go on, and writes that down. Throws
    /// Error; the container is then as it was. Empty: it cannot be paused.
    std::function<void(bool paused)> set_paused;
    /// Changes what the descriptor says, and writes it down; returns what cannot be enforced.
    /// Throws Error; all is then as it was.
    std::function<std::vector<std::string>(int request)> update;
    std::optional<HealthOptions> health;  ///< by sessions
    std::chrono::seconds longest_run{0};  ///< until SIGKILL; 0: no limit
};

/// One more descriptor for the event loop: when poll(2) reports one of `events`, or an error, `act`
/// is called, and must take the event. It may ask to be called once more after a time, event or
/// not.
struct Watch {
    Fd fd;
    short events = 0;
    std::function<std::optional<std::chrono::milliseconds>()> act;
};

/// One per monitor process, which has one thread.
///
/// Order of use: constructor; add_client and await_foreground for the command that forked us; the
/// launch; run; clean-up by the caller; report_exit. report_failure replaces the last three when
/// the launch fails.
///
/// The constructor blocks SIGCHLD, SIGTERM, SIGINT, SIGHUP and SIGQUIT and ignores SIGPIPE and
/// SIGXFSZ for this process; what runs in the container must not inherit that. Every child of the
/// process is reaped in run() and report_*(), since PID 1 of a pid namespace inherits strangers:
/// nothing else may wait for a child meanwhile.
///
/// A slow client slows the container down (one chunk per stream is held, never more) as long as it
/// runs. Once its init has ended, what is left in pipes and terminal is taken at once, so that a
/// stalled client delays neither the log nor the return of run(), and is delivered in
/// report_exit().
class Supervisor {
  public:
    explicit Supervisor(SupervisorOptions options);

    /// The other end belongs to the process that started us.
    void add_client(Fd socket);
    /// Waits until the client given to add_client has attached; returns the size of its terminal.
    /// Throws Error{system} when it is gone, Error{invalid} when it says something else.
    WindowSize await_foreground();
    /// A client given to add_client has hung up: before exec, this cancels the start.
    bool foreground_gone() const;

    /// Tells all clients that `host_pid` runs, and supervises `init` until it has ended. Its output
    /// is then complete in the log. Throws SystemError only for failures of the event loop itself.
    /// May be called again, for the next run of the same container.
    ExitStatus run(ContainerIo io, Child init, pid_t host_pid);
    /// Watched during the next run().
    void watch(Watch watch);
    /// A client asked for the end (stop, kill), or SIGTERM came.
    bool asked_to_end() const { return asked_to_end_; }
    /// A client asked for another run (restart), and nobody has asked for the end since. From here
    /// on neither counts as asked.
    bool take_restart();
    /// SIGTERM came: somebody shuts the host down, or ends us.
    bool terminated() const { return terminated_; }
    /// Messages that a log server has not taken until now.
    std::uint64_t undelivered() const {
        return options_.delivery ? options_.delivery->undelivered() : 0;
    }
    /// To ask for what is missing in it; null: there is none.
    const LogFile* log_file() const { return options_.log ? &*options_.log : nullptr; }
    /// Between two runs: tells those who are attached how the last one ended, and serves clients
    /// for `time`. False when the end was asked for, at once.
    bool rest(int code, std::chrono::milliseconds time);

    /// Calls `act` in run() and rest() when poll(2) reports input, or an end, for `fd` (borrowed),
    /// until it returns false or `stop_listening`.
    void listen_to(int fd, std::function<bool()> act);
    void stop_listening() { listened_.clear(); }

    /// Tells the clients there are what was measured; before run() and before report_exit().
    void report_timing(std::span<const Phase> phases);
    /// Before run(): what the container gets less of than was asked.
    void report_warnings(std::span<const std::string> sentences);
    /// Delivers what is left of the output and then the exit code, to every client and to those
    /// that connected until now; returns when all have it or are gone.
    void report_exit(int code);
    /// Where no pid namespace does it (--pid host): kills what the program and those of `exec` left
    /// running, which has come to us as the subreaper or is below a session, and returns when it
    /// is gone. The sessions themselves stay: they have yet to tell of the end.
    void end_orphans();
    /// Waits until the sessions of `exec` have told their clients of the end, which a client that
    /// is slow to take its output delays; their programs are dead by now. Without `patience` it
    /// ends when they have, or soon after SIGTERM.
    void await_sessions(std::optional<std::chrono::milliseconds> patience = {});
    /// Tells every client why the container could not be started.
    void report_failure(const Error& error);

  private:
    using Clock = std::chrono::steady_clock;
    struct OutputStream {
        Stream stream;
        Endpoint source;
        PageBuffer chunk;
        std::size_t filled = 0;
        std::string_view content() const { return {chunk.data(), filled}; }
    };

    struct Listened {
        int fd;
        std::function<bool()> act;
    };

    // supervisor.cc: the loop
    void turn();
    void collect_polls();
    bool ready(int fd) const;
    bool wait();
    int timeout_ms() const;
    void take_signals();
    void reap();
    void signal_init(int number);
    void stop(const StopFrame& frame);
    void check_deadline();
    void resume();
    void check_health();
    void check_watch();
    void serve_listened();
    /// A paused container is not asked: a probe would run, or fail for being stopped.
    bool checks_health() const { return health_ && health_->due() && !paused_; }
    enum class Whom { all, attached };
    void conclude(FrameType type, const std::string& payload, Whom whom = Whom::all);
    void release_memory();

    // supervisor_clients.cc: what clients say
    void accept_clients();
    void greet(Connection& client);
    void read_frames(Connection& client);
    void obey(Connection& client, Frame& frame);
    void set_window(const WindowSize& size, bool redraw);
    void answer_userns(Connection& client);
    void take_signal_request(int number);
    void start_session(Connection& client, const Frame& frame);
    void answer_pause(Connection& client, bool paused);
    void answer_update(Connection& client, const Frame& frame);
    void forget_gone();

    // supervisor_streams.cc: the bytes
    void adopt(ContainerIo io);
    void add_output(Stream stream, Fd source);
    void feed_input();
    void close_input();
    void read_output(OutputStream& output);
    void deliver(OutputStream& output, bool fresh);
    void log(Stream stream, std::string_view bytes);
    /// What a log server has yet to take holds the program up.
    bool log_is_full() const { return options_.delivery && options_.delivery->full(); }
    void finish_logs();
    void drain(OutputStream& output);
    bool behind(const OutputStream& output) const;

    SupervisorOptions options_;
    Fd signals_;
    PageBuffer scratch_;  ///< one incoming frame, or a block of input
    std::vector<Connection> clients_;
    std::vector<Listened> listened_;
    std::vector<pollfd> polls_;

    Child init_;
    pid_t host_pid_ = 0;
    std::optional<ExitStatus> status_;
    bool paused_ = false;
    std::optional<HealthCheck> health_;
    std::optional<Watch> watch_;
    std::optional<Clock::time_point> watch_at_;  ///< as its act asked
    bool asked_to_end_ = false;
    bool first_client_gone_ = false;
    bool restart_asked_ = false;
    bool terminated_ = false;
    std::optional<Clock::time_point> rest_until_;
    std::vector<pid_t> sessions_;  ///< of `exec`, not yet ended
    std::optional<Clock::time_point> kill_at_;
    std::optional<Clock::time_point> run_ends_at_;  ///< by longest_run
    std::optional<Clock::time_point> finish_by_;    ///< a log server is waited for
    bool accepting_ = false;                        ///< the listener is among polls_
    Clock::time_point accept_at_{};  ///< not before; after running out of descriptors

    Fd pty_master_;  ///< for its size; input_ and outputs_ have descriptors of their own
    Fd pty_peer_;    ///< keeps a terminal alive that nobody in the container has open at the moment
    Endpoint input_;
    std::vector<OutputStream> outputs_;
    bool used_memory_ = false;
};

}  // namespace skiff::monitor
