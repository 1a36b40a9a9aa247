// SPDX-License-Identifier: Apache-2.0
// The first filter: destinations that libslirp would connect to, and that are not the network's.
#pragma once

#include "network/config.h"
#include "network/frame_path.h"

namespace skiff::network {

/// Drops packets for the host itself in every spelling, for addresses of the private network that
/// nobody has, for services of libslirp that are off (DHCP, TFTP, router solicitation), and what
/// would be answered from the host's loopback though it is for everybody (broadcast, multicast).
/// The kernel of the container sends none of these by itself; a raw socket in it can.
class AddressCheck final : public PacketFilter {
  public:
    explicit AddressCheck(const HelperConfig& config);
    bool take(const Packet& packet, Bytes frame) override;

  private:
    bool is_forbidden(const Packet& packet) const;
    bool is_ours(const in6_addr& address) const;

    in6_addr gateway_;
    in6_addr gateway6_;
    in6_addr resolver_;
    in6_addr resolver6_;
    in6_addr network_;
    in6_addr network6_;
    unsigned prefix_bits_;  ///< of network_, in its mapped form
};

}  // namespace skiff::network
