// SPDX-License-Identifier: Apache-2.0
#include "network/syn_answer.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <arpa/inet.h>
#include <netinet/icmp6.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>

#include "network/reply_header.h"

namespace skiff::network {
namespace {

/// Back to whoever sent `frame`.
std::vector<std::uint8_t> ethernet_reply(Bytes frame) {
    constexpr std::size_t hardware_size = 6;
    std::vector<std::uint8_t> reply(frame.begin(), frame.begin() + ethernet_header);
    std::swap_ranges(reply.begin(), reply.begin() + hardware_size, reply.begin() + hardware_size);
    return reply;
}

/// From the packet's destination to its source.
void append_network_header(std::vector<std::uint8_t>& bytes, const Packet& packet,
                           std::uint8_t protocol, std::size_t payload) {
    append_ip_header(bytes, packet.family, packet.destination, packet.source, protocol, payload);
}

/// What ICMP calls an errno of connect(2), IPv4 and IPv6.
struct UnreachableCodes {
    std::uint8_t v4;
    std::uint8_t v6;
};
std::optional<UnreachableCodes> codes_of(int error) {
    switch (error) {
        case EHOSTUNREACH:
        case EHOSTDOWN:
        case EADDRNOTAVAIL:
            return UnreachableCodes{ICMP_UNREACH_HOST, ICMP6_DST_UNREACH_ADDR};
        case ENETUNREACH:
        case ENETDOWN:
        case ENONET:
        case EAFNOSUPPORT:
            return UnreachableCodes{ICMP_UNREACH_NET, ICMP6_DST_UNREACH_NOROUTE};
        case EACCES:
        case EPERM:
            return UnreachableCodes{ICMP_UNREACH_FILTER_PROHIB, ICMP6_DST_UNREACH_ADMIN};
        default:
            return std::nullopt;
    }
}

std::vector<std::uint8_t> reset_answer(const Packet& packet, Bytes frame) {
    std::vector<std::uint8_t> reply = ethernet_reply(frame);
    append_network_header(reply, packet, IPPROTO_TCP, sizeof(tcphdr));
    tcphdr header{};
    header.th_sport = htons(packet.destination_port);
    header.th_dport = htons(packet.source_port);
    std::uint32_t sequence;
    std::memcpy(&sequence, packet.segment.data() + 4, sizeof sequence);
    // A SYN takes one number, its data one each (RFC 9293, 3.10.7.1).
    header.th_ack = htonl(ntohl(sequence) + 1 + static_cast<std::uint32_t>(packet.payload.size()));
    header.th_off = sizeof header / 4;
    header.th_flags = TH_RST | TH_ACK;
    const std::uint32_t pseudo = pseudo_header_sum(packet.family, packet.destination, packet.source,
                                                   IPPROTO_TCP, sizeof header);
    header.th_sum =
        checksum({reinterpret_cast<const std::uint8_t*>(&header), sizeof header}, pseudo);
    append_header(reply, header);
    return reply;
}

std::vector<std::uint8_t> unreachable_answer(const Packet& packet, Bytes frame,
                                             UnreachableCodes codes) {
    constexpr std::size_t header_size = 8;  // of ICMP, both versions
    constexpr std::size_t least_mtu4 = 576;
    constexpr std::size_t least_mtu6 = 1280;
    const bool six = packet.family == AF_INET6;
    const std::size_t room =
        six ? least_mtu6 - sizeof(ip6_hdr) - header_size : least_mtu4 - sizeof(ip) - header_size;
    const Bytes quoted = packet.network.first(std::min(packet.network.size(), room));
    std::vector<std::uint8_t> message(header_size);
    message[0] = six ? ICMP6_DST_UNREACH : ICMP_UNREACH;
    message[1] = six ? codes.v6 : codes.v4;
    message.insert(message.end(), quoted.begin(), quoted.end());
    const std::uint32_t pseudo =
        six ? pseudo_header_sum(packet.family, packet.destination, packet.source, IPPROTO_ICMPV6,
                                message.size())
            : 0;
    const std::uint16_t sum = checksum(message, pseudo);
    std::memcpy(message.data() + 2, &sum, sizeof sum);
    std::vector<std::uint8_t> reply = ethernet_reply(frame);
    const std::uint8_t protocol = six ? std::uint8_t{IPPROTO_ICMPV6} : std::uint8_t{IPPROTO_ICMP};
    append_network_header(reply, packet, protocol, message.size());
    reply.insert(reply.end(), message.begin(), message.end());
    return reply;
}

}  // namespace

std::vector<std::uint8_t> syn_answer(const Packet& packet, Bytes frame, int error) {
    if (frame.size() < ethernet_header || packet.segment.size() < sizeof(tcphdr)) return {};
    if (error == ECONNREFUSED || error == ECONNRESET) return reset_answer(packet, frame);
    if (const auto codes = codes_of(error)) return unreachable_answer(packet, frame, *codes);
    return {};
}

std::vector<std::uint8_t> prohibited_answer(const Packet& packet, Bytes frame) {
    if (frame.size() < ethernet_header) return {};
    if (packet.transport == Transport::tcp && packet.segment.size() >= sizeof(tcphdr))
        return reset_answer(packet, frame);
    if (packet.fragment) {
        ip header{};
        std::memcpy(&header, packet.network.data(), sizeof header);
        if ((ntohs(header.ip_off) & IP_OFFMASK) != 0) return {};
    }
    return unreachable_answer(packet, frame, *codes_of(EACCES));
}

}  // namespace skiff::network
