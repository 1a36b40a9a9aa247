// SPDX-License-Identifier: Apache-2.0
// Published TCP ports: listeners on the host, a connection inside for each of their clients.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "network/event_loop.h"
#include "network/flow.h"
#include "network/inside.h"

namespace skiff::network {

/// All published TCP ports of a container.
class TcpPorts final : public EventHandler {
  public:
    /// All borrowed.
    TcpPorts(EventLoop& loop, FlowSet& flows, Inside& inside);
    ~TcpPorts();

    /// Connections to `listener` (non-blocking, of the host) go to `port` of the container. A
    /// client that comes by IPv6 to a server that has none is given to it by IPv4.
    void publish(Fd listener, std::uint16_t port);

    void on_ready(int fd, std::uint32_t events) override;

  private:
    struct Listener {
        Fd socket;
        std::uint16_t port = 0;
    };
    /// A client whose connection to the server is on its way.
    struct Attempt {
        Fd client;
        Fd server;
        Endpoint from;
        std::uint16_t port = 0;
        bool last = false;  ///< there is no other family to try
    };

    void accept(Listener& listener);
    void begin(Attempt attempt, int family);
    void finish(Attempt attempt, int error);
    void pause();
    void resume();

    EventLoop& loop_;
    FlowSet& flows_;
    Inside& inside_;
    std::map<int, Listener> listeners_;
    std::map<int, Attempt> attempts_;  ///< by the server's socket
    bool paused_ = false;
    bool waits_for_room_ = false;
};

}  // namespace skiff::network
