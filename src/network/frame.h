// SPDX-License-Identifier: Apache-2.0
// Ethernet frames that the container sends: what is in them, as far as the helper decides by it.
// All of it is the attacker's; nothing is believed that was not bounds-checked. Pure, fuzzed.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include <netinet/in.h>

namespace skiff::network {

using Bytes = std::span<const std::uint8_t>;

enum class Transport : std::uint8_t { other, tcp, udp, icmp, icmp6 };

/// One IPv4 or IPv6 packet in a frame. IPv4 addresses are in their mapped form (::ffff:a.b.c.d), so
/// that there is one kind of address to compare.
struct Packet {
    int family = AF_INET;  ///< or AF_INET6
    in6_addr source{};
    in6_addr destination{};
    Transport transport = Transport::other;
    /// Not the whole packet, or not its first part: there are no ports to look at.
    bool fragment = false;
    std::uint16_t source_port = 0;  ///< host byte order; TCP and UDP only
    std::uint16_t destination_port = 0;
    std::uint8_t tcp_flags = 0;  ///< TH_SYN …
    Bytes network;               ///< from the IP header to the end of the packet
    Bytes segment;               ///< from the transport header on; empty in a fragment
    Bytes payload;               ///< behind the transport header
};

inline constexpr std::size_t ethernet_header = 14;

/// Nothing for what is no well-formed IPv4 or IPv6 packet (ARP, truncated, wrong lengths).
std::optional<Packet> parse_packet(Bytes frame);

in6_addr mapped(in_addr address);
bool is_mapped(const in6_addr& address);
/// 127.0.0.0/8, 0.0.0.0/8, ::1, :: and IPv4 addresses in any IPv6 spelling of those: addresses that
/// mean the host itself when the helper connects to them.
bool means_the_host(const in6_addr& address);

/// The Internet checksum (RFC 1071) of `data`, which may begin with a pseudo header's sum.
std::uint16_t checksum(Bytes data, std::uint32_t initial = 0);
/// The sum of the pseudo header of IPv4 or IPv6, for `checksum`.
std::uint32_t pseudo_header_sum(int family, const in6_addr& source, const in6_addr& destination,
                                std::uint8_t protocol, std::size_t length);

}  // namespace skiff::network
