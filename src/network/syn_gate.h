// SPDX-License-Identifier: Apache-2.0
// The SYN gate: TCP of the container to the world at the speed of the kernel.
//
// The container's own kernel ends its connections, at a listener of ours (local_paths.h); the
// helper connects to the destination by a socket of the host, and the two are joined (flow.h). So
// that the destination looks to the container as it looks to the host, the first segment is held
// back:
//
//   container's kernel          helper                                  destination
//   ──────────────────          ──────                                  ───────────
//   SYN through the link ─────▶ connect ──────────────────────────────▶
//                               refused, unreachable: RST or ICMP back
//                               no answer: nothing, as from there
//   listener accepts ◀───────── answered: the same SYN, back through the link
//
// The container may send anything through the link: what the gate keeps is bounded, and nothing
// that it wrote is believed but where it wants to go.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "base/fd.h"
#include "network/config.h"
#include "network/endpoint.h"
#include "network/event_loop.h"
#include "network/flow.h"
#include "network/frame_path.h"

namespace skiff::network {

/// Where a connection of the container goes to: an address of the world, a stream that is there
/// already (the resolver's), or, with neither, nowhere: it is refused.
struct Destination {
    std::optional<Endpoint> endpoint;
    Fd stream;
};
using FindDestination = std::function<Destination(const Packet& packet)>;

/// The gateway's address leads to the host's loopback where that is open, and nothing else does;
/// `open_stream` is asked for the resolver's port 53.
FindDestination make_find_destination(const HelperConfig& config, std::function<Fd()> open_stream);

class SynGate final : public PacketFilter, public EventHandler {
  public:
    /// `listeners`: of make_gate_listener, for the families that have the gate; packets of another
    /// family are left to others. All references are borrowed.
    SynGate(EventLoop& loop, Link& link, FlowSet& flows, const HelperConfig& config,
            FindDestination find, std::vector<Fd> listeners);
    ~SynGate();

    bool take(const Packet& packet, Bytes frame) override;
    void on_ready(int fd, std::uint32_t events) override;

  private:
    using Clock = std::chrono::steady_clock;
    /// A connection as the container names it.
    struct Key {
        std::array<std::uint8_t, 36> bytes{};
        bool operator<(const Key& other) const { return bytes < other.bytes; }
    };
    struct Pending {
        Fd host;
        std::vector<std::uint8_t> frame;  ///< the first segment, to be written back
        bool admitted = false;            ///< it was
        Clock::time_point since;
    };
    using PendingMap = std::map<Key, Pending>;

    static Key key_of(const in6_addr& source, std::uint16_t source_port,
                      const in6_addr& destination, std::uint16_t destination_port);
    void begin(const Packet& packet, Bytes frame, const Key& key);
    void admit(Pending& pending);
    void write_back(Bytes frame);
    void answer(PendingMap::iterator found);
    void refuse(const Packet& packet, Bytes frame, int error);
    void accept(int listener);
    void drop(PendingMap::iterator found);
    void sweep();

    EventLoop& loop_;
    Link& link_;
    FlowSet& flows_;
    FindDestination find_;
    in6_addr own4_{};
    in6_addr own6_{};
    std::vector<Fd> listeners_;
    bool ipv4_ = false;
    bool ipv6_ = false;
    PendingMap pending_;
    std::map<int, PendingMap::iterator> connecting_;  ///< by the host's socket
    bool sweeping_ = false;
};

}  // namespace skiff::network
