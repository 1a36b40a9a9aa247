// SPDX-License-Identifier: Apache-2.0
// TCP to the resolver's IPv6 address where the SYN gate is not in use. libslirp gives us streams of
// IPv4 alone, so such packets become IPv4 ones on their way to it, and what it answers becomes IPv6
// again (RFC 7915 in small: one address on each side, no ICMP).
#pragma once

#include "network/config.h"
#include "network/frame_path.h"
#include "network/link.h"
#include "network/slirp_stack.h"

namespace skiff::network {

class ResolverStream6 final : public PacketFilter, private AnswerFilter {
  public:
    /// All borrowed. To be added behind the filters that refuse.
    ResolverStream6(Link& link, SlirpStack& slirp, const HelperConfig& config);
    ~ResolverStream6();
    ResolverStream6(const ResolverStream6&) = delete;
    ResolverStream6& operator=(const ResolverStream6&) = delete;

    bool take(const Packet& packet, Bytes frame) override;

  private:
    bool take_answer(Bytes frame) override;
    void announce(Bytes frame);

    Link& link_;
    SlirpStack& slirp_;
    in6_addr resolver_;
    in6_addr resolver6_;
    in6_addr container6_;
    in6_addr stand_in_;  ///< who the container is to libslirp then
};

}  // namespace skiff::network
