// SPDX-License-Identifier: Apache-2.0
#include "monitor/client.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <sys/signalfd.h>

#include "monitor/raw_terminal.h"
#include "monitor/stdio.h"

namespace skiff::monitor {
namespace {

[[noreturn]] void monitor_gone() {
    throw Error(ErrorKind::system, "the container's monitor ended unexpectedly");
}

/// Blocks a set of signals and reads them from a descriptor; the mask is restored at the end.
class CaughtSignals {
  public:
    explicit CaughtSignals(const sigset_t& set) {
        if (sigprocmask(SIG_BLOCK, &set, &before_) < 0)
            throw SystemError(errno, "cannot block signals");
        fd_.reset(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
        if (!fd_.valid()) {
            const int error = errno;
            sigprocmask(SIG_SETMASK, &before_, nullptr);
            throw SystemError(error, "cannot receive signals");
        }
    }
    CaughtSignals(const CaughtSignals&) = delete;
    CaughtSignals& operator=(const CaughtSignals&) = delete;
    ~CaughtSignals() { sigprocmask(SIG_SETMASK, &before_, nullptr); }

    int fd() const { return fd_.get(); }
    /// The next signal, 0 when none is pending.
    int take() const {
        signalfd_siginfo info;
        return read(fd_.get(), &info, sizeof info) == static_cast<ssize_t>(sizeof info)
                   ? static_cast<int>(info.ssi_signo)
                   : 0;
    }

  private:
    sigset_t before_{};
    Fd fd_;
};

bool is_ignored(int number) {
    struct sigaction action{};
    return sigaction(number, nullptr, &action) == 0 && action.sa_handler == SIG_IGN;
}

/// Signals that end this command in its own right.
bool ends_us(int number) {
    return number == SIGINT || number == SIGTERM || number == SIGHUP || number == SIGQUIT;
}

bool is_proxied(int number) {
    constexpr std::array kept{SIGKILL, SIGSTOP, SIGCHLD,  SIGPIPE, SIGURG, SIGTSTP,
                              SIGTTIN, SIGTTOU, SIGWINCH, SIGSEGV, SIGBUS, SIGILL,
                              SIGFPE,  SIGSYS,  SIGTRAP,  SIGABRT};
    if (number > SIGSYS && number < SIGRTMIN) return false;  // the C library's own
    return std::find(kept.begin(), kept.end(), number) == kept.end();
}

sigset_t signals_to_catch(const AttachOptions& options) {
    sigset_t set;
    sigemptyset(&set);
    for (int number = 1; number <= SIGRTMAX; ++number) {
        // nohup, and the `&` of a shell without job control, ignore signals for us and mean the
        // container as well.
        if (number == SIGKILL || number == SIGSTOP || is_ignored(number)) continue;
        const bool about_terminal = number == SIGWINCH || number == SIGTSTP || number == SIGCONT;
        if (ends_us(number) ||
            (options.tty ? about_terminal : options.signal_proxy && is_proxied(number)))
            sigaddset(&set, number);
    }
    return set;
}

class Attachment {
  public:
    Attachment(Fd socket, const AttachOptions& options)
        : options_(options),
          socket_(std::move(socket)),
          signals_(signals_to_catch(options)),
          terminal_(options.input_fd),
          detach_keys_(options.detach_keys),
          buffer_(max_frame) {
        AttachFrame frame;
        frame.streams = options.streams;
        std::vector<int> handed;
        // A closed stdin is one without content, a closed stdout one that takes all.
        frame.streams.input = frame.streams.input && fcntl_open(options.input_fd);
        frame.streams.output = frame.streams.output && fcntl_open(options.output_fd);
        frame.streams.errors = frame.streams.errors && fcntl_open(options.errors_fd);
        if (frame.streams.input)
            frame.handed.input = hand_over(options.input_fd, Stream::input, handed);
        if (frame.streams.output)
            frame.handed.output = hand_over(options.output_fd, Stream::output, handed);
        if (frame.streams.errors)
            frame.handed.errors = hand_over(options.errors_fd, Stream::errors, handed);
        if (options.tty) frame.size = size();
        // A stdin that cannot be had is at its end.
        const bool ended = options.streams.input && !frame.streams.input;
        frame.streams.input = options.streams.input;
        // A monitor that is gone has left its last words: why it could not start.
        send_frame(socket_.get(), FrameType::attach, encode(frame), handed, options.version);
        if (ended) send(FrameType::input_end, {});
        input_ended_ = ended;
    }

    AttachResult run() {
        while (!ended_) {
            poll_all();
            while (const int number = signals_.take()) take_signal(number);
            if (ended_) break;
            write_pending();
            if (pending_.empty()) read_frames();
            if (!ended_ && input_readable_) read_input();
        }
        return std::move(result_);
    }

  private:
    static bool fcntl_open(int fd) {
        pollfd entry{fd, 0, 0};
        return fd >= 0 && poll(&entry, 1, 0) >= 0 && (entry.revents & POLLNVAL) == 0;
    }

    /// Adds `fd` to what the monitor gets, or keeps it when it is a terminal.
    bool hand_over(int fd, Stream stream, std::vector<int>& handed) {
        // Only what passes through us can be known to have arrived.
        const bool kept = stream == Stream::input && options_.leave_after_input;
        if (isatty(fd) == 0 && !kept) {
            handed.push_back(fd);
            return true;
        }
        if (stream == Stream::input) {
            input_ = Endpoint::borrow_for_reading(duplicate(fd));
        } else {
            (stream == Stream::errors ? errors_ : output_) =
                Endpoint::borrow_for_writing(duplicate(fd));
        }
        return false;
    }

    WindowSize size() const {
        for (const int fd : {options_.output_fd, options_.input_fd, options_.errors_fd})
            if (const WindowSize found = terminal_size(fd); found != WindowSize{}) return found;
        return {};
    }

    void send(FrameType type, std::string_view payload) {
        // A monitor that is gone is met by the next receive, behind its last words.
        send_frame(socket_.get(), type, payload, {}, options_.version);
    }

    void end(AttachEnd how) {
        ended_ = true;
        result_.end = how;
    }

    /// While output is pending, no further frame is read: the monitor then holds the container
    /// back.
    void poll_all() {
        const bool reads_input = started_ && input_.valid() && credit_ > 0;
        std::array<pollfd, 4> entries{{{signals_.fd(), POLLIN, 0},
                                       {pending_.empty() ? socket_.get() : -1, POLLIN, 0},
                                       {pending_.empty() ? -1 : pending_to_->fd(), POLLOUT, 0},
                                       {reads_input ? input_.fd() : -1, POLLIN, 0}}};
        while (poll(entries.data(), entries.size(), -1) < 0)
            if (errno != EINTR) throw SystemError(errno, "cannot wait for events");
        input_readable_ = entries[3].revents != 0;
    }

    void take_signal(int number) {
        if (number == SIGWINCH) {
            send(FrameType::resize, encode(size()));
        } else if (options_.tty && number == SIGTSTP) {
            terminal_.restore();
            raise(SIGSTOP);  // the shell's `fg` brings SIGCONT
        } else if (options_.tty && number == SIGCONT) {
            enter_raw_mode();
            send(FrameType::resize, encode(size()));
        } else if (!started_ && options_.signal_proxy && !options_.tty && early_signal_ == 0) {
            // The program may run already and its `started` be on the way: ended now, we would
            // leave it behind. It gets the signal then; a second one ends us all the same.
            early_signal_ = number;
        } else if (options_.tty || !options_.signal_proxy || (!started_ && ends_us(number))) {
            result_.signal = number;
            end(AttachEnd::signaled);
        } else {
            send(FrameType::signal, encode_number(number));
            // As Docker: who asks for the third time wants their prompt back.
            if ((number == SIGINT || number == SIGTERM) && ++requests_to_end_ == 3)
                end(AttachEnd::given_up);
        }
    }

    /// Not as a background job: tcsetattr would stop it, and the terminal is somebody else's now.
    void enter_raw_mode() {
        if (!started_ || !options_.tty || !input_.valid()) return;
        if (const pid_t front = tcgetpgrp(options_.input_fd); front >= 0 && front != getpgrp())
            return;
        terminal_.enter();
    }

    void read_frames() {
        Frame frame;
        while (!ended_ && pending_.empty()) {
            switch (receive_frame(socket_.get(), buffer_, frame)) {
                case Arrival::nothing:
                    return;
                case Arrival::end:
                    monitor_gone();
                case Arrival::frame:
                    obey(frame);
            }
        }
    }

    void obey(const Frame& frame) {
        switch (frame.type) {
            case FrameType::starting:
                return;
            case FrameType::started:
                if (std::exchange(started_, true)) return;
                enter_raw_mode();
                leave_if_done();
                if (early_signal_ != 0) {
                    send(FrameType::signal, encode_number(early_signal_));
                    if (early_signal_ == SIGINT || early_signal_ == SIGTERM) ++requests_to_end_;
                }
                if (options_.on_started) options_.on_started(decode_number(frame.payload));
                return;
            case FrameType::output:
            case FrameType::errors:
                pending_to_ = frame.type == FrameType::errors ? &errors_ : &output_;
                pending_ = frame.payload;
                write_pending();
                return;
            case FrameType::input_taken:
                credit_ += static_cast<std::size_t>(std::max(decode_number(frame.payload), 0));
                leave_if_done();
                return;
            case FrameType::stream_closed: {
                const StreamClosedFrame closed = decode_stream_closed(frame.payload);
                output_failed(closed.stream, closed.error);
                return;
            }
            case FrameType::exited:
                result_.code = decode_number(frame.payload);
                end(AttachEnd::exited);
                return;
            case FrameType::timing:
                if (options_.on_timing) options_.on_timing(decode_timing(frame.payload));
                return;
            case FrameType::warnings:
                if (options_.on_warnings) options_.on_warnings(decode_warnings(frame.payload));
                return;
            case FrameType::failed:
                throw decode_failed(frame.payload);
            case FrameType::attach:
            case FrameType::input:
            case FrameType::input_end:
            case FrameType::resize:
            case FrameType::signal:
            case FrameType::stop:
            case FrameType::detach:
            case FrameType::userns_request:
            case FrameType::exec:
            case FrameType::pause:
            case FrameType::unpause:
            case FrameType::restart:
            case FrameType::update:
            case FrameType::userns:
            case FrameType::done:
                break;
        }
        throw Error(ErrorKind::invalid, "malformed monitor message: unexpected here");
    }

    void write_pending() {
        while (!pending_.empty()) {
            if (!pending_to_->valid()) {
                pending_ = {};  // this stream has failed before
                return;
            }
            const Transfer transfer = pending_to_->write(pending_);
            if (transfer.outcome == Transfer::Outcome::blocked) return;
            pending_.remove_prefix(transfer.count);
            if (transfer.outcome == Transfer::Outcome::failed) {
                pending_to_->close();
                output_failed(pending_to_ == &errors_ ? Stream::errors : Stream::output,
                              transfer.error);
            }
        }
    }

    void output_failed(Stream stream, int error) {
        if (error == EPIPE) {
            end(AttachEnd::output_gone);
        } else if (!result_.output_error) {
            result_.output_error = SystemError(error, "cannot write {}",
                                               stream == Stream::errors ? "stderr" : "stdout");
        }
    }

    void leave_if_done() {
        if (options_.leave_after_input && input_ended_ && started_ && credit_ == input_window)
            end(AttachEnd::detached);
    }

    void read_input() {
        // What is read beyond the credit could not be given back to the terminal.
        std::array<char, 4096> typed;
        const Transfer transfer = input_.read({typed.data(), std::min(typed.size(), credit_)});
        if (transfer.outcome == Transfer::Outcome::blocked) return;
        if (transfer.outcome != Transfer::Outcome::progressed) {
            input_.close();
            if (!options_.tty) send(FrameType::input_end, {});
            input_ended_ = true;
            leave_if_done();
            return;
        }
        const std::string_view bytes(typed.data(), transfer.count);
        credit_ -=
            transfer.count;  // also for what the detach keys hold back, since it may be sent later
        if (!options_.tty) {
            send(FrameType::input, bytes);
            return;
        }
        std::string passed;
        const bool detached = detach_keys_.filter(bytes, passed);
        if (!passed.empty()) send(FrameType::input, passed);
        if (!detached) return;
        send(FrameType::detach, {});
        end(AttachEnd::detached);
    }

    const AttachOptions& options_;
    Fd socket_;
    CaughtSignals signals_;
    RawTerminal terminal_;  // after signals_: restored first, while no signal can end us
    DetachKeys detach_keys_;
    std::vector<char> buffer_;

    Endpoint input_;  ///< the terminals that stay here
    Endpoint output_;
    Endpoint errors_;
    std::size_t credit_ = input_window;
    std::string_view pending_;  ///< of the last frame, in buffer_
    Endpoint* pending_to_ = nullptr;

    bool started_ = false;
    int early_signal_ = 0;     ///< came before `started`
    int requests_to_end_ = 0;  ///< SIGINT and SIGTERM that were passed on
    bool input_readable_ = false;
    bool input_ended_ = false;
    bool ended_ = false;
    AttachResult result_;
};

/// Reads frames until one is of type `wanted`.
Frame await(int socket, std::span<char> buffer, FrameType wanted, Phases* phases = nullptr,
            const WarningSink& warn = {}) {
    Frame frame;
    while (await_frame(socket, buffer, frame)) {
        if (frame.type == FrameType::failed) throw decode_failed(frame.payload);
        if (frame.type == wanted) return frame;
        if (frame.type == FrameType::timing && phases != nullptr)
            phases->append(decode_timing(frame.payload));
        if (frame.type == FrameType::warnings && warn) warn(decode_warnings(frame.payload));
    }
    monitor_gone();
}

}  // namespace

AttachResult attach(Fd socket, const AttachOptions& options) {
    return Attachment(std::move(socket), options).run();
}

pid_t await_start(int socket, Phases* phases, const WarningSink& warn) {
    std::vector<char> buffer(max_frame);
    return decode_number(await(socket, buffer, FrameType::started, phases, warn).payload);
}

int await_exit(int socket) {
    std::vector<char> buffer(max_frame);
    return decode_number(await(socket, buffer, FrameType::exited).payload);
}

void request_pause(int socket, std::uint16_t version, bool paused) {
    const FrameType type = paused ? FrameType::pause : FrameType::unpause;
    if (!send_frame(socket, type, {}, {}, version)) monitor_gone();
    std::vector<char> buffer(max_frame);
    await(socket, buffer, FrameType::done);
}

std::vector<std::string> request_update(int socket, std::uint16_t version, int request) {
    if (!send_frame(socket, FrameType::update, {}, {&request, 1}, version)) monitor_gone();
    std::vector<char> buffer(max_frame);
    std::vector<std::string> warnings;
    await(socket, buffer, FrameType::done, nullptr,
          [&](std::vector<std::string> sentences) { warnings = std::move(sentences); });
    return warnings;
}

void request_restart(int socket, std::uint16_t version, const StopFrame& stop) {
    std::vector<char> buffer(max_frame);
    Frame greeting;  // may be a `started`, and of the run that is to end
    if (!await_frame(socket, buffer, greeting)) monitor_gone();
    if (!send_frame(socket, FrameType::restart, encode(stop), {}, version)) monitor_gone();
    // Until it has heard us, a `started` may be of a run that somebody else asked for, and that we
    // are about to end.
    await(socket, buffer, FrameType::starting);
    await(socket, buffer, FrameType::started);
}

std::optional<Fd> request_userns(int socket, std::uint16_t version) {
    if (!send_frame(socket, FrameType::userns_request, {}, {}, version)) monitor_gone();
    std::vector<char> buffer(max_frame);
    Frame answer = await(socket, buffer, FrameType::userns);
    if (decode_number(answer.payload) == 0 || answer.fds.size() != 1) return std::nullopt;
    return std::move(answer.fds[0]);
}

}  // namespace skiff::monitor
