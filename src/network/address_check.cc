// SPDX-License-Identifier: Apache-2.0
#include "network/address_check.h"

#include <cstring>

namespace skiff::network {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::uint16_t bootp_port = 67;
constexpr std::uint16_t tftp_port = 69;
constexpr std::uint16_t dhcp6_port = 547;
constexpr std::uint8_t router_solicitation = 133;  ///< RFC 4861
constexpr unsigned mapped_bits = 96;

bool is_in(const in6_addr& address, const in6_addr& network, unsigned bits) {
    const unsigned bytes = bits / 8;
    if (std::memcmp(address.s6_addr, network.s6_addr, bytes) != 0) return false;
    const auto rest = static_cast<std::uint8_t>(0xff00U >> (bits % 8));
    return bits % 8 == 0 || ((address.s6_addr[bytes] ^ network.s6_addr[bytes]) & rest) == 0;
}

bool is_for_many(const in6_addr& address) {
    return is_mapped(address) ? address.s6_addr[12] >= 224 : IN6_IS_ADDR_MULTICAST(&address);
}

}  // namespace

AddressCheck::AddressCheck(const HelperConfig& config)
    : gateway_(mapped(config.gateway)),
      gateway6_(config.gateway6),
      resolver_(mapped(config.resolver)),
      resolver6_(config.resolver6),
      network_(mapped(config.network)),
      network6_(config.network6),
      prefix_bits_(mapped_bits + config.prefix_length) {}

bool AddressCheck::is_ours(const in6_addr& address) const {
    return is_in(address, network_, prefix_bits_) || is_in(address, network6_, prefix_length6);
}

bool AddressCheck::is_forbidden(const Packet& packet) const {
    const in6_addr& to = packet.destination;
    // An IPv4 address in an IPv6 packet would be connected to as the IPv4 address.
    if (packet.family == AF_INET6 && (is_mapped(to) || IN6_IS_ADDR_V4COMPAT(&to))) return true;
    if (means_the_host(to)) return true;
    if (packet.transport == Transport::icmp6)
        return packet.segment.empty() || packet.segment[0] == router_solicitation;
    if (is_for_many(to)) return true;
    if (packet.family == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&to)) return true;
    if (packet.transport == Transport::icmp || !is_ours(to)) return false;
    if (IN6_ARE_ADDR_EQUAL(&to, &resolver_) || IN6_ARE_ADDR_EQUAL(&to, &resolver6_))
        return packet.fragment || packet.destination_port != dns_port;
    if (!IN6_ARE_ADDR_EQUAL(&to, &gateway_) && !IN6_ARE_ADDR_EQUAL(&to, &gateway6_)) return true;
    // libslirp's own servers; it puts fragments together, and only then looks at their port.
    return packet.transport == Transport::udp &&
           (packet.fragment || packet.destination_port == bootp_port ||
            packet.destination_port == tftp_port || packet.destination_port == dhcp6_port);
}

bool AddressCheck::take(const Packet& packet, Bytes) {
    return is_forbidden(packet);
}

}  // namespace skiff::network
