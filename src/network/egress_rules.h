// SPDX-License-Identifier: Apache-2.0
// What a container may reach where `--network slirp:egress=` names it: rules, and the addresses
// that names among them have at the moment. Pure; the clock is the caller's.
//
// A rule is HOST[:PORT[-PORT][/tcp|/udp]]. HOST is
//   example.org       that name's addresses, as its answers in the resolver say and for their time
//   *.example.org     the same for every name below it, not for itself
//   192.0.2.7  192.0.2.0/24  2001:db8::/32     with a port: [2001:db8::/32]:443
//   *                 every public address, and every name
//   none              nothing at all
// Without a port a rule holds for TCP, UDP and ICMP echo; with one for TCP and UDP, or the one
// named.
//
// An address that is not public (private_ranges in the .cc file: private networks, link-local,
// metadata services, …) is reached only by a rule that lies wholly within every such range around
// it: 0.0.0.0/0 opens none, 10.0.0.0/8 opens itself, and 169.254.169.254 wants to be named alone.
// No name ever opens one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "network/dns_message.h"
#include "network/frame.h"

namespace skiff::network {

struct EgressRule {
    enum class Kind : std::uint8_t { none, any, name, subdomains, network };
    Kind kind = Kind::none;
    std::string name;              ///< lower case; of `subdomains` without "*."
    in6_addr network{};            ///< IPv4 in its mapped form
    unsigned prefix_length = 0;    ///< of that form
    std::uint16_t first_port = 0;  ///< 0: every port, and ICMP echo
    std::uint16_t last_port = 0;
    Transport transport = Transport::other;  ///< `other`: TCP and UDP
};
/// Throws Error{usage} naming what is wrong with it.
EgressRule parse_egress_rule(std::string_view text);

class EgressPolicy {
  public:
    using Time = std::chrono::steady_clock::time_point;
    // What programs do with an answer takes a while, and most of them keep it longer than they
    // should.
    static constexpr std::chrono::seconds shortest_grant{60};
    static constexpr std::chrono::seconds longest_grant{24 * 60 * 60};
    /// Addresses of names at a time; the one that would end first makes room.
    static constexpr std::size_t most_grants = 4096;

    /// Throws what parse_egress_rule throws.
    explicit EgressPolicy(std::span<const std::string> rules);

    /// Whether a name may be asked for.
    bool allows_name(std::string_view name) const;
    /// Opens what the answer for `name` says, for every rule with that name.
    void grant(std::string_view name, std::span<const DnsAddress> addresses, Time now);

    /// `port` is nothing where it is not known (ICMP, fragments): then only a rule for all ports
    /// counts.
    bool allows(const in6_addr& to, Transport transport, std::optional<std::uint16_t> port,
                Time now) const;

    std::size_t grants() const { return grants_.size(); }

  private:
    struct Key {
        in6_addr address{};
        std::size_t rule = 0;
        bool operator<(const Key& other) const;
    };
    void make_room(Time now);

    std::vector<EgressRule> rules_;
    std::map<Key, Time> grants_;  ///< until when
};

/// In one of private_ranges: not everybody's address.
bool is_private(const in6_addr& address);

}  // namespace skiff::network
