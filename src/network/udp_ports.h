// SPDX-License-Identifier: Apache-2.0
// Published UDP ports: one socket on the host for each, one inside for each client that has spoken
// lately.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <vector>

#include "network/event_loop.h"
#include "network/frame.h"
#include "network/inside.h"

namespace skiff::network {

/// All published UDP ports of a container.
///
/// A session is a client's address and port, and the address of the host that it wrote to, which
/// its answers come from. It ends when nothing came from either side for `idle_time`, or when there
/// are `most_sessions` and it is the one that was silent for the longest time.
class UdpPorts final : public EventHandler {
  public:
    /// Below conntrack's 120 s for an assured stream, whose mark leads the answers to us.
    static constexpr std::chrono::seconds idle_time{90};

    UdpPorts(EventLoop& loop, Inside& inside, std::size_t most_sessions);
    ~UdpPorts();

    /// Datagrams to `socket` (non-blocking, bound, of the host) go to `port` of the container.
    /// Throws SystemError.
    void publish(Fd socket, std::uint16_t port);

    void on_ready(int fd, std::uint32_t events) override;

  private:
    using Clock = std::chrono::steady_clock;
    struct Port {
        Fd socket;
        std::uint16_t port = 0;
        int family = 0;
    };
    struct Key {
        int port_socket = -1;
        Endpoint client;
        in6_addr local{};  ///< of the host
        bool operator<(const Key& other) const;
    };
    struct Session {
        Key key;
        unsigned interface = 0;  ///< for link-local addresses
        Fd inside;
        bool by_ipv4 = false;
        bool answered = false;  ///< else an IPv6 client may still find a server that has IPv4 only
        Clock::time_point used;
    };
    using Sessions = std::list<Session>;  ///< longest silent first

    void take_from_clients(Port& port);
    void take_from_container(Sessions::iterator session);
    Sessions::iterator session_for(Port& port, const Key& key, unsigned interface, int family);
    void deliver(Port& port, Sessions::iterator session, Bytes datagram);
    void use(Sessions::iterator session);
    void end(Sessions::iterator session);
    void sweep();

    EventLoop& loop_;
    Inside& inside_;
    std::size_t most_sessions_;
    std::vector<std::uint8_t> buffer_;
    std::map<int, Port> ports_;
    Sessions sessions_;
    std::map<Key, Sessions::iterator> by_client_;
    std::map<int, Sessions::iterator> by_socket_;
    bool sweeping_ = false;
};

}  // namespace skiff::network
