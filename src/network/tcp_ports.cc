// SPDX-License-Identifier: Apache-2.0
#include "network/tcp_ports.h"

#include <cerrno>

#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/error.h"

namespace skiff::network {
namespace {

// Of one listener before others have their turn.
constexpr int accepts_of_turn = 64;
constexpr std::chrono::milliseconds rest_without_descriptors{100};

int socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return errno;
    return error;
}

/// The client hears of a refused connection as it would from the server itself.
void refuse(Fd client) {
    const linger at_once{1, 0};
    setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

}  // namespace

TcpPorts::TcpPorts(EventLoop& loop, FlowSet& flows, Inside& inside)
    : loop_(loop), flows_(flows), inside_(inside) {}

TcpPorts::~TcpPorts() {
    for (const auto& [fd, listener] : listeners_) loop_.remove(fd);
    for (const auto& [fd, attempt] : attempts_) loop_.remove(fd);
}

void TcpPorts::publish(Fd listener, std::uint16_t port) {
    const int fd = listener.get();
    listeners_[fd] = {std::move(listener), port};
    loop_.add(fd, EPOLLIN, *this);
}

void TcpPorts::on_ready(int fd, std::uint32_t) {
    if (const auto found = listeners_.find(fd); found != listeners_.end())
        return accept(found->second);
    const auto found = attempts_.find(fd);
    if (found == attempts_.end()) return;
    Attempt attempt = std::move(found->second);
    attempts_.erase(found);
    loop_.remove(fd);
    finish(std::move(attempt), socket_error(fd));
}

void TcpPorts::accept(Listener& listener) {
    for (int i = 0; i < accepts_of_turn; ++i) {
        if (flows_.full()) return pause();
        Attempt attempt;
        socklen_t size = Endpoint::room_size;
        attempt.client = Fd(accept4(listener.socket.get(), attempt.from.room(), &size,
                                    SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!attempt.client.valid()) {
            if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
                pause();
                loop_.add_timer(rest_without_descriptors, [this] { resume(); });
            }
            return;  // none left, or one that its client gave up
        }
        attempt.port = listener.port;
        flows_.reserve();
        const int family = attempt.from.family();
        begin(std::move(attempt), family);
    }
}

/// A place in flows_ is reserved; it is given up by finish().
void TcpPorts::begin(Attempt attempt, int family) {
    const Endpoint server = inside_.container(family, attempt.port);
    attempt.last = family == AF_INET;
    try {
        attempt.server = inside_.connect(SOCK_STREAM, attempt.from, server);
    } catch (const SystemError& error) {
        return finish(std::move(attempt), error.errno_value());
    } catch (const Error&) {
        attempt.last = true;
        return finish(std::move(attempt), EIO);
    }
    // Inside one kernel the connection is there by now, unless the server's queue is full.
    if (::connect(attempt.server.get(), server.get(), server.size()) == 0 || errno == EISCONN)
        return finish(std::move(attempt), 0);
    if (errno != EALREADY && errno != EINPROGRESS) return finish(std::move(attempt), errno);
    const int fd = attempt.server.get();
    attempts_[fd] = std::move(attempt);
    loop_.add(fd, EPOLLOUT, *this);
}

void TcpPorts::finish(Attempt attempt, int error) {
    if (error != 0 && !attempt.last) return begin(std::move(attempt), AF_INET);
    if (error == 0) {
        flows_.join(std::move(attempt.client), std::move(attempt.server));
    } else {
        refuse(std::move(attempt.client));
    }
    flows_.release();
}

void TcpPorts::pause() {
    if (paused_) return;
    paused_ = true;
    for (const auto& [fd, listener] : listeners_) loop_.change(fd, 0);
    if (std::exchange(waits_for_room_, true)) return;
    flows_.call_when_room([this] {
        waits_for_room_ = false;
        resume();
    });
}

void TcpPorts::resume() {
    if (!paused_) return;
    paused_ = false;
    for (const auto& [fd, listener] : listeners_) loop_.change(fd, EPOLLIN);
}

}  // namespace skiff::network
