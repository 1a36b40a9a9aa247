// SPDX-License-Identifier: Apache-2.0
// The path of the container's frames to whoever answers them: first the filters in the order in
// which they were added (addresses that must not be reached, the resolver, the SYN gate, …), then
// libslirp.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "network/event_loop.h"
#include "network/frame.h"
#include "network/link.h"
#include "network/slirp_stack.h"

namespace skiff::network {

/// Looks at the container's packets before libslirp does.
class PacketFilter {
  public:
    /// True: it is taken care of (answered, dropped, or will be written back to the link), and goes
    /// nowhere else. `frame` is only lent.
    virtual bool take(const Packet& packet, Bytes frame) = 0;

  protected:
    ~PacketFilter() = default;
};

class FramePath final : private EventHandler {
  public:
    /// All are borrowed and live as long as the loop.
    FramePath(EventLoop& loop, Link& link, SlirpStack& slirp);
    void add_filter(PacketFilter& filter) { filters_.push_back(&filter); }

  private:
    void on_ready(int fd, std::uint32_t events) override;
    void forward(Bytes frame);

    EventLoop& loop_;
    Link& link_;
    SlirpStack& slirp_;
    std::vector<PacketFilter*> filters_;
    std::unique_ptr<std::uint8_t[]> buffer_;  ///< pages that no frame has needed stay untouched
};

}  // namespace skiff::network
