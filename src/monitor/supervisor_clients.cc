// SPDX-License-Identifier: Apache-2.0
// What clients say to the supervisor, and what it answers.
#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include "monitor/address.h"
#include "monitor/supervisor.h"

namespace skiff::monitor {

void Supervisor::greet(Connection& client) {
    if (host_pid_ > 0) {
        client.push(FrameType::started, encode_number(host_pid_));
    } else {
        client.push(FrameType::starting, {});
    }
}

WindowSize Supervisor::await_foreground() {
    Connection& client = clients_.at(0);
    Frame frame;
    if (!await_frame(client.socket(), {scratch_.data(), scratch_.capacity()}, frame))
        throw Error(ErrorKind::system, "the command that started this container has ended");
    if (frame.type != FrameType::attach)
        throw Error(ErrorKind::invalid, "malformed monitor message: attach was expected");
    const AttachFrame attach = decode_attach(frame.payload);
    client.attach(attach, std::move(frame.fds));
    return attach.size;
}

bool Supervisor::foreground_gone() const {
    return std::any_of(clients_.begin(), clients_.end(), [](const Connection& client) {
        pollfd entry{client.socket(), 0, 0};
        return poll(&entry, 1, 0) > 0 && (entry.revents & (POLLHUP | POLLERR)) != 0;
    });
}

void Supervisor::accept_clients() {
    for (;;) {
        Fd socket(accept4(options_.listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!socket.valid()) {
            if (errno == EINTR || errno == ECONNABORTED) continue;
            // Out of descriptors or memory. The connection stays queued, and would wake us for
            // ever.
            if (errno != EAGAIN) accept_at_ = Clock::now() + std::chrono::seconds(1);
            return;
        }
        const uid_t peer = peer_uid(socket.get());
        if (peer != geteuid() && peer != 0) continue;
        if (options_.commands_are_outside && peer_is_in_our_user_namespace(socket.get())) continue;
        clients_.emplace_back(std::move(socket), peer);
        greet(clients_.back());
    }
}

void Supervisor::read_frames(Connection& client) {
    constexpr int frames_per_turn = 16;  // so that one client cannot starve the others
    used_memory_ = true;
    try {
        for (int i = 0; i < frames_per_turn && !client.gone(); ++i) {
            Frame frame;
            const Arrival arrival =
                receive_frame(client.socket(), {scratch_.data(), scratch_.capacity()}, frame);
            if (arrival == Arrival::nothing) return;
            if (arrival == Arrival::end) {
                client.drop();
            } else {
                obey(client, frame);
            }
        }
    } catch (const Error&) {
        client.drop();  // a client that we do not understand is its own problem, never the
                        // container's
    }
}

void Supervisor::obey(Connection& client, Frame& frame) {
    // Its run is over: a signal, say, was not meant for the next one's program.
    if (client.leaving()) return;
    switch (frame.type) {
        case FrameType::attach: {
            const AttachFrame attach = decode_attach(frame.payload);
            client.attach(attach, std::move(frame.fds));
            if (!input_.valid()) client.refuse_input();
            set_window(attach.size, true);
            return;
        }
        case FrameType::input:
            client.take_input(frame.payload);
            return;
        case FrameType::input_end:
            client.end_input();
            return;
        case FrameType::resize:
            set_window(decode_resize(frame.payload), false);
            return;
        case FrameType::signal:
            take_signal_request(decode_signal(frame.payload));
            return;
        case FrameType::stop:
            restart_asked_ = false;
            stop(decode_stop(frame.payload));
            return;
        case FrameType::restart:
            restart_asked_ = true;
            // What this client hears from here on is of a later run than the one it wants ended.
            client.push(FrameType::starting, {});
            stop(decode_stop(frame.payload));
            return;
        case FrameType::detach:
            client.drop();
            return;
        case FrameType::userns_request:
            answer_userns(client);
            return;
        case FrameType::exec:
            start_session(client, frame);
            return;
        case FrameType::pause:
            answer_pause(client, true);
            return;
        case FrameType::unpause:
            answer_pause(client, false);
            return;
        case FrameType::update:
            answer_update(client, frame);
            return;
        case FrameType::starting:
        case FrameType::started:
        case FrameType::output:
        case FrameType::errors:
        case FrameType::input_taken:
        case FrameType::stream_closed:
        case FrameType::exited:
        case FrameType::failed:
        case FrameType::userns:
        case FrameType::timing:
        case FrameType::warnings:
        case FrameType::done:
            break;
    }
    throw Error(ErrorKind::invalid, "malformed monitor message: not for a monitor");
}

/// `redraw`: the program shall draw its screen for a client that has just come, even if the size is
/// the same.
void Supervisor::set_window(const WindowSize& size, bool redraw) {
    if (!pty_master_.valid() || size == WindowSize{}) return;
    winsize window{};
    ioctl(pty_master_.get(), TIOCGWINSZ, &window);
    const bool same = window.ws_row == size.rows && window.ws_col == size.columns;
    window.ws_row = size.rows;
    window.ws_col = size.columns;
    if (redraw && same) {
        // The kernel sends SIGWINCH only for a change.
        winsize other = window;
        other.ws_row = static_cast<unsigned short>(size.rows + 1);
        ioctl(pty_master_.get(), TIOCSWINSZ, &other);
    }
    ioctl(pty_master_.get(), TIOCSWINSZ, &window);
}

void Supervisor::answer_userns(Connection& client) {
    // root may talk to a monitor, but a namespace of ours is of use only to us.
    const bool given = options_.user_namespace.valid() && client.peer() == geteuid();
    const int fd = options_.user_namespace.get();
    client.answer(FrameType::userns, encode_number(given ? 1 : 0),
                  given ? std::span<const int>(&fd, 1) : std::span<const int>());
}

void Supervisor::take_signal_request(int number) {
    const int ending = options_.ending_signal;
    asked_to_end_ |= ending == 0 || number == ending || number == SIGKILL;
    signal_init(number);
}

/// The session greets and answers the client by itself; here the connection is forgotten.
void Supervisor::start_session(Connection& client, const Frame& frame) {
    if (frame.fds.size() != 1 || !options_.start_session)
        throw Error(ErrorKind::invalid, "malformed monitor message: no session is possible");
    try {
        if (!init_.valid()) throw Error(ErrorKind::conflict, "the container is not running");
        if (paused_) throw Error(ErrorKind::conflict, "the container is paused");
        sessions_.push_back(
            options_.start_session(client.socket(), frame.fds[0].get(), init_.pidfd()));
        client.drop();
    } catch (const Error& error) {
        client.conclude(FrameType::failed, encode(error));
    }
}

void Supervisor::answer_pause(Connection& client, bool paused) {
    try {
        if (!options_.set_paused)
            throw Error(ErrorKind::unsupported, "the container cannot be paused");
        if (!init_.valid()) throw Error(ErrorKind::conflict, "the container is not running");
        if (paused == paused_)
            throw Error(ErrorKind::conflict, "the container is {} paused",
                        paused ? "already" : "not");
        options_.set_paused(paused);
        paused_ = paused;
        client.push(FrameType::done, {});
    } catch (const Error& error) {
        client.conclude(FrameType::failed, encode(error));
    }
}

void Supervisor::answer_update(Connection& client, const Frame& frame) {
    if (frame.fds.size() != 1 || !options_.update)
        throw Error(ErrorKind::invalid, "malformed monitor message: no update is possible");
    try {
        const std::vector<std::string> less = options_.update(frame.fds[0].get());
        if (!less.empty()) client.push(FrameType::warnings, encode_warnings(less));
        client.push(FrameType::done, {});
    } catch (const Error& error) {
        client.conclude(FrameType::failed, encode(error));
    }
}

void Supervisor::forget_gone() {
    for (const Connection& client : clients_)
        if (client.gone() && client.attached_to(Stream::input) && options_.stdin_once &&
            !options_.tty)
            close_input();
    // It is the first of the list for as long as it lives.
    if (options_.ends_with_first_client && !first_client_gone_ && !clients_.empty() &&
        clients_.front().gone()) {
        first_client_gone_ = true;
        stop({SIGKILL, -1});
    }
    std::erase_if(clients_, [](const Connection& client) { return client.gone(); });
}

}  // namespace skiff::monitor
