// SPDX-License-Identifier: Apache-2.0
#include "network/flow.h"

#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "network/endpoint.h"
#include "network/local_paths.h"

namespace skiff::network {
namespace {

// Above it, the kernel shrinks the pipes of a user who has many (pipe-user-pages-soft).
constexpr int pipe_size = 1 << 20;
constexpr std::size_t idle_pipes = 4;
constexpr std::size_t block_size = 64 << 10;
// In each direction, each of at most a pipe's size; then the next flow has its turn.
constexpr int steps_of_turn = 8;

void send_at_once(int fd) {
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    // The peer of a connection that nobody uses may have vanished with its machine.
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
}

/// Both ends of a TCP connection are on this machine: whoever connects to an address of it has the
/// same one, or loopback's.
bool is_within_the_machine(int fd) {
    Endpoint ours;
    Endpoint theirs;
    socklen_t size = Endpoint::room_size;
    if (getsockname(fd, ours.room(), &size) < 0) return false;
    if (ours.family() != AF_INET && ours.family() != AF_INET6) return false;
    size = Endpoint::room_size;
    if (getpeername(fd, theirs.room(), &size) < 0) return false;
    return same_address(ours, theirs) ||
           Endpoint::from_mapped(theirs.mapped_address(), 0).is_loopback();
}

void prepare(int fd) {
    send_at_once(fd);
    if (is_within_the_machine(fd))
        setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, local_control.data(), local_control.size());
}

void close_by_reset(Fd& fd) {
    const linger at_once{1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd.reset();
}

bool would_block() {
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

}  // namespace

Pipe PipePool::take() {
    if (!idle_.empty()) {
        Pipe pipe = std::move(idle_.back());
        idle_.pop_back();
        return pipe;
    }
    int ends[2];
    if (open_ >= limit_ || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0) return {};
    ++open_;
    fcntl(ends[1], F_SETPIPE_SZ, pipe_size);
    return {Fd(ends[0]), Fd(ends[1])};
}

void PipePool::give_back(Pipe pipe) {
    if (idle_.size() < idle_pipes) {
        idle_.push_back(std::move(pipe));
    } else {
        --open_;
    }
}

Flow::Flow(FlowSet& set, Fd first, Fd second)
    : set_(set), sockets_{std::move(first), std::move(second)} {
    for (const Fd& socket : sockets_) {
        prepare(socket.get());
        set_.loop_.add(socket.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, *this);
    }
}

Flow::~Flow() {
    for (const Fd& socket : sockets_)
        if (socket.valid()) set_.loop_.remove(socket.get());
    for (const Direction& direction : directions_)
        if (direction.pipe.read.valid()) set_.pipes_.forget();
}

void Flow::on_ready(int fd, std::uint32_t events) {
    const std::size_t side = fd == sockets_[0].get() ? 0 : 1;
    if ((events & EPOLLERR) != 0) {
        reset();
    } else {
        if ((events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0) directions_[side].readable = true;
        if ((events & (EPOLLOUT | EPOLLHUP)) != 0) directions_[1 - side].writable = true;
    }
    set_.enqueue(*this);
}

bool Flow::advance() {
    bool more = false;
    for (std::size_t i = 0; i < directions_.size() && !ended_; ++i) {
        Direction& direction = directions_[i];
        Step step = Step::moved;
        for (int i_step = 0; i_step < steps_of_turn && !direction.done && step == Step::moved;
             ++i_step)
            step = move(direction, sockets_[i].get(), sockets_[1 - i].get());
        if (step == Step::failed) {
            reset();
            return false;
        }
        more = more || (!direction.done && step == Step::moved);
    }
    if (directions_[0].done && directions_[1].done) ended_ = true;
    return more && !ended_;
}

/// One step: bytes into the pipe, out of it, or the end of the data handed on.
Flow::Step Flow::move(Direction& direction, int source, int sink) {
    if (direction.in_pipe > 0) return drain(direction, sink);
    if (direction.end_of_data) {
        return_pipe(direction);
        direction.done = true;
        // The sink may have been closed by its peer meanwhile: then there is nobody to tell.
        shutdown(sink, SHUT_WR);
        return Step::moved;
    }
    if (!direction.readable) {
        return_pipe(direction);
        return Step::blocked;
    }
    if (!direction.pipe.read.valid()) direction.pipe = set_.pipes_.take();
    if (!direction.pipe.read.valid()) return copy(direction, source, sink);
    return fill(direction, source);
}

Flow::Step Flow::fill(Direction& direction, int source) {
    const ssize_t n = splice(source, nullptr, direction.pipe.write.get(), nullptr, pipe_size,
                             SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) {
        direction.in_pipe = static_cast<std::size_t>(n);
    } else if (n == 0) {
        direction.end_of_data = true;
    } else if (would_block()) {
        direction.readable = false;
    } else {
        return Step::failed;
    }
    return Step::moved;
}

Flow::Step Flow::drain(Direction& direction, int sink) {
    if (!direction.writable) return Step::blocked;
    const ssize_t n = splice(direction.pipe.read.get(), nullptr, sink, nullptr, direction.in_pipe,
                             SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
    if (n > 0) {
        direction.in_pipe -= static_cast<std::size_t>(n);
        return Step::moved;
    }
    if (n < 0 && !would_block()) return Step::failed;
    direction.writable = false;
    return Step::blocked;
}

/// Without a pipe: what the sink takes of a block that is still in the source, and then so much out
/// of the source.
Flow::Step Flow::copy(Direction& direction, int source, int sink) {
    if (!direction.writable) return Step::blocked;
    auto& block = set_.block_;
    block.resize(block_size);
    const ssize_t seen = recv(source, block.data(), block.size(), MSG_PEEK | MSG_DONTWAIT);
    if (seen == 0) {
        direction.end_of_data = true;
        return Step::moved;
    }
    if (seen < 0) {
        if (!would_block()) return Step::failed;
        direction.readable = false;
        return Step::moved;
    }
    const ssize_t sent =
        send(sink, block.data(), static_cast<std::size_t>(seen), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0) {
        if (!would_block()) return Step::failed;
        direction.writable = false;
        return Step::blocked;
    }
    // MSG_TRUNC: thrown away instead of copied once more (tcp(7)).
    recv(source, nullptr, static_cast<std::size_t>(sent), MSG_TRUNC | MSG_DONTWAIT);
    return Step::moved;
}

void Flow::return_pipe(Direction& direction) {
    if (!direction.pipe.read.valid()) return;
    set_.pipes_.give_back(std::move(direction.pipe));
}

void Flow::reset() {
    if (ended_) return;
    ended_ = true;
    for (Fd& socket : sockets_) {
        set_.loop_.remove(socket.get());
        close_by_reset(socket);
    }
}

FlowSet::FlowSet(EventLoop& loop, std::size_t descriptors)
    : loop_(loop),
      most_flows_(std::max<std::size_t>(1, descriptors / 8 * 3)),
      // Two sockets for each flow; what is left is for pipes.
      pipes_(std::max<std::size_t>(1, (descriptors - 2 * most_flows_) / 2)) {
    loop_.set_before_wait(*this);
}

void FlowSet::join(Fd first, Fd second) {
    auto flow = std::make_unique<Flow>(*this, std::move(first), std::move(second));
    Flow& joined = *flow;
    flows_.emplace(&joined, std::move(flow));
    enqueue(joined);
}

void FlowSet::release() {
    --reserved_;
    if (when_room_.empty() || full()) return;
    for (const auto& act : std::exchange(when_room_, {})) act();
}

void FlowSet::enqueue(Flow& flow) {
    if (flow.queued_) return;
    flow.queued_ = true;
    queue_.push_back(&flow);
}

std::chrono::milliseconds FlowSet::before_wait() {
    return std::chrono::milliseconds(queue_.empty() ? -1 : 0);
}

/// Each flow that has something to do, once.
void FlowSet::after_wait() {
    std::vector<Flow*> turn;
    turn.swap(queue_);
    bool room = false;
    for (Flow* flow : turn) {
        flow->queued_ = false;
        if (!flow->ended() && flow->advance()) enqueue(*flow);
        if (flow->ended()) {
            flows_.erase(flow);
            room = true;
        }
    }
    if (!room || full() || when_room_.empty()) return;
    for (const auto& act : std::exchange(when_room_, {})) act();
}

}  // namespace skiff::network
