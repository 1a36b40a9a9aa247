// SPDX-License-Identifier: Apache-2.0
// The container's interface and the descriptor behind it, made inside the container's network
// namespace by the socket maker.
#pragma once

#include <utility>

#include "base/fd.h"
#include "network/config.h"
#include "network/frame.h"

namespace skiff::network {

struct NewLink {
    Fd frames;  ///< one Ethernet frame each read(2) and write(2), non-blocking
    bool is_tap = true;
};

/// The main part's view of it. Frames that do not fit into its queue are dropped, as on any wire.
class Link {
  public:
    explicit Link(Fd frames) : frames_(std::move(frames)) {}
    int fd() const { return frames_.get(); }
    /// Writes one Ethernet frame towards the container.
    void send(Bytes frame) const noexcept;

  private:
    Fd frames_;
};

/// Makes eth0: a tap, or, where /dev/net/tun is missing or denied, one end of a veth pair with a
/// packet socket on the other. It is up, with its addresses and default routes; IPv6 is left out
/// where the kernel has none. Throws SystemError.
NewLink make_link(const HelperConfig& config);

}  // namespace skiff::network
