// SPDX-License-Identifier: Apache-2.0
#include "network/resolver_stream6.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <vector>

#include <arpa/inet.h>
#include <netinet/if_ether.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>

#include "network/reply_header.h"

namespace skiff::network {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t hardware_size = 6;

/// RFC 7600: the IPv4 dummy address, which no host has and no packet of the world comes from.
in6_addr dummy_address() {
    return mapped(in_addr{htonl(0xc0000008U)});  // 192.0.0.8
}

/// The frame's hardware addresses, and room for a packet of `type` behind them.
std::vector<std::uint8_t> new_frame(Bytes frame, std::uint16_t type) {
    std::vector<std::uint8_t> bytes;
    bytes.reserve(frame.size() + sizeof(ip6_hdr));
    bytes.resize(ethernet_header);
    std::memcpy(bytes.data(), frame.data(), 2 * hardware_size);
    bytes[2 * hardware_size] = static_cast<std::uint8_t>(type >> 8U);
    bytes[2 * hardware_size + 1] = static_cast<std::uint8_t>(type & 0xffU);
    return bytes;
}

/// The frame's hardware addresses, and a new packet with its segment. The checksum covers addresses
/// that change, so it is made anew; on the way from a kernel to its neighbour nothing is damaged.
std::vector<std::uint8_t> with_addresses(Bytes frame, Bytes segment, int family,
                                         const in6_addr& from, const in6_addr& to) {
    std::vector<std::uint8_t> bytes =
        new_frame(frame, family == AF_INET6 ? ETHERTYPE_IPV6 : ETHERTYPE_IP);
    append_ip_header(bytes, family, from, to, IPPROTO_TCP, segment.size());
    const std::size_t at = bytes.size();
    bytes.insert(bytes.end(), segment.begin(), segment.end());
    std::uint8_t* const sum = bytes.data() + at + offsetof(tcphdr, th_sum);
    std::fill_n(sum, sizeof(std::uint16_t), std::uint8_t{0});
    const std::uint16_t value = checksum(
        Bytes(bytes).subspan(at), pseudo_header_sum(family, from, to, IPPROTO_TCP, segment.size()));
    std::memcpy(sum, &value, sizeof value);
    return bytes;
}

bool is_whole_tcp(const Packet& packet) {
    return packet.transport == Transport::tcp && !packet.fragment &&
           packet.segment.size() >= sizeof(tcphdr) &&
           packet.segment.size() <= IP_MAXPACKET - sizeof(ip);
}

}  // namespace

ResolverStream6::ResolverStream6(Link& link, SlirpStack& slirp, const HelperConfig& config)
    : link_(link),
      slirp_(slirp),
      resolver_(mapped(config.resolver)),
      resolver6_(config.resolver6),
      container6_(config.address6),
      stand_in_(dummy_address()) {
    slirp_.set_answer_filter(this);
}

ResolverStream6::~ResolverStream6() {
    slirp_.set_answer_filter(nullptr);
}

bool ResolverStream6::take(const Packet& packet, Bytes frame) {
    if (packet.family != AF_INET6 || packet.transport != Transport::tcp ||
        !IN6_ARE_ADDR_EQUAL(&packet.destination, &resolver6_))
        return false;
    // libslirp must not have it as it is: it would connect to the world.
    if (!is_whole_tcp(packet) || packet.destination_port != dns_port ||
        !IN6_ARE_ADDR_EQUAL(&packet.source, &container6_))
        return true;
    if ((packet.tcp_flags & TH_SYN) != 0) announce(frame);
    slirp_.input(with_addresses(frame, packet.segment, AF_INET, stand_in_, resolver_));
    return true;
}

/// libslirp asks for the hardware address of whom it answers, which nobody would tell: an answer
/// (RFC 826) that comes before the question. With every connection, since its table is small.
void ResolverStream6::announce(Bytes frame) {
    const std::uint8_t* const container = frame.data() + hardware_size;
    ether_arp answer{};
    answer.ea_hdr.ar_hrd = htons(ARPHRD_ETHER);
    answer.ea_hdr.ar_pro = htons(ETHERTYPE_IP);
    answer.ea_hdr.ar_hln = hardware_size;
    answer.ea_hdr.ar_pln = sizeof(in_addr);
    answer.ea_hdr.ar_op = htons(ARPOP_REPLY);
    std::copy_n(container, hardware_size, answer.arp_sha);
    std::memcpy(answer.arp_spa, stand_in_.s6_addr + 12, sizeof answer.arp_spa);
    std::copy_n(frame.data(), hardware_size, answer.arp_tha);
    std::memcpy(answer.arp_tpa, resolver_.s6_addr + 12, sizeof answer.arp_tpa);
    std::vector<std::uint8_t> bytes = new_frame(frame, ETHERTYPE_ARP);
    append_header(bytes, answer);
    slirp_.input(bytes);
}

bool ResolverStream6::take_answer(Bytes frame) {
    // Asked for every frame: the address first, where an IPv4 header has it.
    constexpr std::size_t at = ethernet_header + offsetof(ip, ip_dst);
    if (frame.size() < at + sizeof(in_addr) ||
        std::memcmp(frame.data() + at, stand_in_.s6_addr + 12, sizeof(in_addr)) != 0)
        return false;
    const auto packet = parse_packet(frame);
    if (!packet || !IN6_ARE_ADDR_EQUAL(&packet->destination, &stand_in_)) return false;
    if (is_whole_tcp(*packet) && IN6_ARE_ADDR_EQUAL(&packet->source, &resolver_))
        link_.send(with_addresses(frame, packet->segment, AF_INET6, resolver6_, container6_));
    return true;
}

}  // namespace skiff::network
