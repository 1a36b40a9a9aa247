// SPDX-License-Identifier: Apache-2.0
// `egress=` on the container's link: whatever leaves goes through here, by whatever program or raw
// socket it was sent, before the SYN gate or libslirp see it. What is not listed is refused at once
// (TCP: reset; else ICMP, administratively prohibited) and noted. Names that are not listed do not
// exist, and no server is asked for them.
#pragma once

#include <functional>
#include <string>

#include "network/config.h"
#include "network/egress_rules.h"
#include "network/frame_path.h"
#include "network/refusal_log.h"
#include "network/resolver.h"

namespace skiff::network {

class EgressFilter final : public PacketFilter, public NameFilter {
  public:
    /// `write`: of RefusalLog. Throws Error{usage} for rules that are none.
    EgressFilter(const HelperConfig& config, Link& link,
                 std::function<bool(const std::string&)> write);

    bool take(const Packet& packet, Bytes frame) override;
    bool allows(const DnsQuery& query) override;
    void learn(const DnsQuery& query, Bytes reply) override;

  private:
    bool may_leave(const Packet& packet) const;

    EgressPolicy policy_;
    RefusalLog log_;
    Link& link_;
    in6_addr gateway_;
    in6_addr resolver_;
    in6_addr resolver6_;
};

}  // namespace skiff::network
