// SPDX-License-Identifier: Apache-2.0
// All that goes through sockets in the container's namespace instead of through its link: published
// ports and the SYN gate, with what they share.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "network/config.h"
#include "network/event_loop.h"
#include "network/flow.h"
#include "network/inside.h"
#include "network/link.h"
#include "network/socket_maker.h"
#include "network/syn_gate.h"
#include "network/tcp_ports.h"
#include "network/udp_ports.h"

namespace skiff::network {

/// A socket of the host and the container's port that it stands for.
struct PublishedListener {
    Fd socket;
    bool tcp = true;
    std::uint16_t port = 0;
};

/// "tcp 80\n" for each; the descriptors go beside it.
std::string listeners_text(const std::vector<PublishedListener>& listeners);
/// The inverse adds to `listeners`. Throws Error{invalid}.
void take_listeners(std::string_view text, std::vector<Fd> sockets,
                    std::vector<PublishedListener>& listeners);

/// Raises the soft limit of descriptors to the hard one, since each connection needs two; returns
/// it.
std::size_t use_all_descriptors();

class LocalTraffic {
  public:
    /// `setup` gives up the gate's listeners; `descriptors` is the limit of this process. All
    /// references are borrowed.
    LocalTraffic(EventLoop& loop, Link& link, const HelperConfig& config, SocketMaker& maker,
                 NamespaceResult& setup, std::size_t descriptors, std::function<Fd()> open_stream);

    void publish(std::vector<PublishedListener> listeners);
    /// Null where the kernel has none.
    PacketFilter* gate() { return gate_ ? &*gate_ : nullptr; }

  private:
    FlowSet flows_;
    Inside inside_;
    TcpPorts tcp_;
    UdpPorts udp_;
    std::optional<SynGate> gate_;
};

}  // namespace skiff::network
