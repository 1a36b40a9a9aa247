// SPDX-License-Identifier: Apache-2.0
#include "network/frame.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

namespace skiff::network {
namespace {

constexpr std::uint16_t type_ipv4 = 0x0800;
constexpr std::uint16_t type_ipv6 = 0x86dd;
constexpr std::size_t mapped_prefix = 12;  ///< ::ffff:0:0/96

/// Reads a header that need not be aligned.
template <typename Header>
std::optional<Header> read_header(Bytes data) {
    Header header;
    if (data.size() < sizeof header) return std::nullopt;
    std::memcpy(&header, data.data(), sizeof header);
    return header;
}

Transport transport_of(int protocol) {
    switch (protocol) {
        case IPPROTO_TCP:
            return Transport::tcp;
        case IPPROTO_UDP:
            return Transport::udp;
        case IPPROTO_ICMP:
            return Transport::icmp;
        case IPPROTO_ICMPV6:
            return Transport::icmp6;
        default:
            return Transport::other;
    }
}

bool read_tcp(Packet& packet) {
    const auto header = read_header<tcphdr>(packet.segment);
    if (!header) return false;
    const std::size_t length = header->th_off * 4U;
    if (length < sizeof *header || length > packet.segment.size()) return false;
    packet.source_port = ntohs(header->th_sport);
    packet.destination_port = ntohs(header->th_dport);
    packet.tcp_flags = header->th_flags;
    packet.payload = packet.segment.subspan(length);
    return true;
}

bool read_udp(Packet& packet) {
    const auto header = read_header<udphdr>(packet.segment);
    if (!header) return false;
    const std::size_t length = ntohs(header->uh_ulen);
    if (length < sizeof *header || length > packet.segment.size()) return false;
    packet.source_port = ntohs(header->uh_sport);
    packet.destination_port = ntohs(header->uh_dport);
    packet.payload = packet.segment.subspan(sizeof *header, length - sizeof *header);
    return true;
}

std::optional<Packet> read_transport(Packet packet) {
    if (packet.fragment) {
        packet.segment = {};
        return packet;
    }
    const bool well_formed = packet.transport == Transport::tcp   ? read_tcp(packet)
                             : packet.transport == Transport::udp ? read_udp(packet)
                                                                  : true;
    return well_formed ? std::optional(packet) : std::nullopt;
}

std::optional<Packet> parse_ipv4(Bytes data) {
    const auto header = read_header<ip>(data);
    if (!header || header->ip_v != 4) return std::nullopt;
    const std::size_t header_length = header->ip_hl * 4U;
    const std::size_t length = ntohs(header->ip_len);
    if (header_length < sizeof *header || length < header_length || length > data.size())
        return std::nullopt;
    Packet packet;
    packet.family = AF_INET;
    packet.source = mapped(header->ip_src);
    packet.destination = mapped(header->ip_dst);
    packet.transport = transport_of(header->ip_p);
    packet.fragment = (ntohs(header->ip_off) & (IP_MF | IP_OFFMASK)) != 0;
    packet.network = data.first(length);
    packet.segment = packet.network.subspan(header_length);
    return read_transport(packet);
}

/// libslirp follows no extension header either: what has one is `other`, and answered as such.
std::optional<Packet> parse_ipv6(Bytes data) {
    const auto header = read_header<ip6_hdr>(data);
    if (!header || (header->ip6_vfc >> 4U) != 6) return std::nullopt;
    const std::size_t length = sizeof *header + ntohs(header->ip6_plen);
    if (length > data.size()) return std::nullopt;
    Packet packet;
    packet.family = AF_INET6;
    packet.source = header->ip6_src;
    packet.destination = header->ip6_dst;
    packet.transport = transport_of(header->ip6_nxt);
    packet.network = data.first(length);
    packet.segment = packet.network.subspan(sizeof *header);
    return read_transport(packet);
}

std::uint32_t sum_words(Bytes data, std::uint32_t sum) {
    std::size_t i = 0;
    for (; i + 1 < data.size(); i += 2)
        sum += static_cast<std::uint32_t>(data[i] << 8U) + data[i + 1];
    if (i < data.size()) sum += static_cast<std::uint32_t>(data[i] << 8U);
    return sum;
}

}  // namespace

std::optional<Packet> parse_packet(Bytes frame) {
    if (frame.size() < ethernet_header) return std::nullopt;
    const auto type = static_cast<std::uint16_t>(frame[12] << 8U | frame[13]);
    const Bytes data = frame.subspan(ethernet_header);
    if (type == type_ipv4) return parse_ipv4(data);
    if (type == type_ipv6) return parse_ipv6(data);
    return std::nullopt;
}

in6_addr mapped(in_addr address) {
    in6_addr result{};
    result.s6_addr[10] = result.s6_addr[11] = 0xff;
    std::memcpy(result.s6_addr + mapped_prefix, &address, sizeof address);
    return result;
}

bool is_mapped(const in6_addr& address) {
    return IN6_IS_ADDR_V4MAPPED(&address);
}

bool means_the_host(const in6_addr& address) {
    // The kernel connects "this network" (0/8, ::) to itself, too.
    const bool embeds_ipv4 = is_mapped(address) || IN6_IS_ADDR_V4COMPAT(&address);
    if (embeds_ipv4)
        return address.s6_addr[mapped_prefix] == 127 || address.s6_addr[mapped_prefix] == 0;
    return IN6_IS_ADDR_LOOPBACK(&address) || IN6_IS_ADDR_UNSPECIFIED(&address);
}

std::uint16_t checksum(Bytes data, std::uint32_t initial) {
    std::uint32_t sum = sum_words(data, initial);
    while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16U);
    return htons(static_cast<std::uint16_t>(~sum));
}

std::uint32_t pseudo_header_sum(int family, const in6_addr& source, const in6_addr& destination,
                                std::uint8_t protocol, std::size_t length) {
    const std::size_t skipped = family == AF_INET ? mapped_prefix : 0;
    const auto address = [&](const in6_addr& value) {
        return Bytes(value.s6_addr + skipped, sizeof value - skipped);
    };
    const std::uint32_t sum = sum_words(address(source), 0);
    return sum_words(address(destination), sum) + protocol + static_cast<std::uint32_t>(length);
}

}  // namespace skiff::network
