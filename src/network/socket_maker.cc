// SPDX-License-Identifier: Apache-2.0
#include "network/socket_maker.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <malloc.h>
#include <sched.h>
#include <unistd.h>

#include <linux/capability.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/passed_fds.h"
#include "network/channel.h"
#include "network/sandbox.h"

namespace skiff::network {
namespace {

constexpr std::size_t largest_answer = 8192;

template <typename Value>
std::string_view bytes_of(const Value& value) {
    return {reinterpret_cast<const char*>(&value), sizeof value};
}

std::vector<int> numbers_of(const std::vector<Fd>& fds) {
    std::vector<int> numbers;
    for (const Fd& fd : fds) numbers.push_back(fd.get());
    return numbers;
}

void set(int socket, int level, int option, int value) {
    if (setsockopt(socket, level, option, &value, sizeof value) < 0)
        throw SystemError(errno, "cannot prepare a socket of the container");
}

Fd make_socket(SocketKind kind) {
    const bool is_ipv6 = kind == SocketKind::tcp6 || kind == SocketKind::udp6;
    const bool is_tcp = kind == SocketKind::tcp4 || kind == SocketKind::tcp6;
    Fd made(socket(is_ipv6 ? AF_INET6 : AF_INET,
                   (is_tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!made.valid()) throw SystemError(errno, "cannot make a socket of the container");
    if (is_ipv6) {
        set(made.get(), SOL_IPV6, IPV6_V6ONLY, 1);
        set(made.get(), SOL_IPV6, IPV6_TRANSPARENT, 1);
    } else {
        set(made.get(), SOL_IP, IP_TRANSPARENT, 1);
    }
    set(made.get(), SOL_SOCKET, SO_MARK, static_cast<int>(local_mark));
    if (is_tcp)
        setsockopt(made.get(), IPPROTO_TCP, TCP_CONGESTION, local_control.data(),
                   local_control.size());
    return made;
}

void answer(int socket, const SocketRequest& request) {
    std::vector<Fd> sockets;
    int error = 0;
    try {
        for (unsigned i = 0; i < request.count; ++i) sockets.push_back(make_socket(request.kind));
    } catch (const SystemError& failure) {
        error = failure.errno_value();
        sockets.clear();
    }
    send_with_fds(socket, bytes_of(error), numbers_of(sockets));
}

/// Serves requests until the main part is gone.
void serve(int socket) {
    for (;;) {
        const ReceivedMessage message = receive_with_fds(socket, sizeof(SocketRequest));
        if (message.data.empty()) return;
        SocketRequest request;
        if (message.data.size() != sizeof request) return;
        std::memcpy(&request, message.data.data(), sizeof request);
        if (request.count == 0 || request.count > PassedFds::capacity) return;
        answer(socket, request);
    }
}

void live_as_maker(const HelperConfig& config, int socket) {
    become_unreachable();
    Fd name_space;
    {
        ReceivedMessage message = receive_with_fds(socket, 1);
        if (message.fds.size() != 1) return;  // the main part has ended
        name_space = std::move(message.fds[0]);
    }
    if (setns(name_space.get(), CLONE_NEWNET) < 0)
        throw SystemError(errno, "cannot enter the container's network namespace");
    NamespaceResult result = set_up_namespace(config);
    std::vector<int> fds{result.frames.get()};
    for (const Fd& other : result.others) fds.push_back(other.get());
    // Facts come alone, errors with a kind in front: 3 bytes are no error.
    send_with_fds(socket, bytes_of(result.facts), fds);
    if (!result.facts.maker_stays) return;
    result = {};
    name_space.reset();
    enter_empty_root();
    keep_capabilities(1ULL << CAP_NET_ADMIN | 1ULL << CAP_NET_RAW);
    load_filter(calls_of_socket_maker());
    malloc_trim(0);
    serve(socket);
}

}  // namespace

SocketMaker SocketMaker::start(const HelperConfig& config) {
    SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
    CloneResult cloned = clone_process(0);
    if (!cloned.in_child) return {std::move(cloned.child), std::move(pair.ours)};
    pair.ours.reset();
    try {
        live_as_maker(config, pair.theirs.get());
    } catch (const Error& error) {
        try {
            send_with_fds(pair.theirs.get(), to_text(error), {});
        } catch (const Error&) {
            // Nobody is left to hear it.
        }
    }
    _exit(0);
}

void SocketMaker::give_namespace(int netns) {
    send_with_fds(socket_.get(), "n", std::array{netns});
}

NamespaceResult SocketMaker::await_setup() {
    ReceivedMessage message = receive_with_fds(socket_.get(), largest_answer);
    NamespaceResult result;
    if (message.data.empty())
        throw Error(ErrorKind::system, "the process that sets up the container's network ended");
    if (message.fds.empty() || message.data.size() != sizeof result.facts)
        throw parse_error(message.data);
    std::memcpy(&result.facts, message.data.data(), sizeof result.facts);
    result.frames = std::move(message.fds[0]);
    result.others.assign(std::make_move_iterator(message.fds.begin() + 1),
                         std::make_move_iterator(message.fds.end()));
    return result;
}

std::vector<Fd> SocketMaker::take(SocketRequest request) {
    send_with_fds(socket_.get(), bytes_of(request), {});
    ReceivedMessage message = receive_with_fds(socket_.get(), sizeof(int));
    int error = 0;
    if (message.data.size() != sizeof error)
        throw Error(ErrorKind::system, "the maker of the container's sockets has ended");
    std::memcpy(&error, message.data.data(), sizeof error);
    if (error != 0) throw SystemError(error, "cannot make a socket of the container");
    return std::move(message.fds);
}

}  // namespace skiff::network
