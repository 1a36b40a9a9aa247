// SPDX-License-Identifier: Apache-2.0
// How the container reaches the resolver: datagrams are taken from the link and answered there
// without any stack in between; streams come from libslirp.
#pragma once

#include <list>
#include <memory>
#include <vector>

#include "network/config.h"
#include "network/frame_path.h"
#include "network/resolver.h"

namespace skiff::network {

class DatagramFront final : public PacketFilter {
  public:
    DatagramFront(Resolver& resolver, Link& link, const HelperConfig& config);
    bool take(const Packet& packet, Bytes frame) override;

  private:
    Resolver& resolver_;
    Link& link_;
    in6_addr address_;
    in6_addr address6_;
    std::size_t mtu_;
};

class StreamFront {
  public:
    StreamFront(Resolver& resolver, EventLoop& loop) : resolver_(resolver), loop_(loop) {}
    StreamFront(const StreamFront&) = delete;
    StreamFront& operator=(const StreamFront&) = delete;
    ~StreamFront();
    /// A new connection; the other end of it. Invalid when there are too many.
    Fd open();

  private:
    class Connection;
    void forget(Connection& connection);

    Resolver& resolver_;
    EventLoop& loop_;
    std::list<std::shared_ptr<Connection>> connections_;
};

}  // namespace skiff::network
