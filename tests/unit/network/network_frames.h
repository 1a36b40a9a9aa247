// SPDX-License-Identifier: Apache-2.0
// Well-formed frames, as a container's kernel would send them, for tests of whoever reads them.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>

#include "network/frame.h"

namespace skiff::network {

using Frame = std::vector<std::uint8_t>;

inline void append_bytes(Frame& frame, const void* data, std::size_t size) {
    const auto* bytes = static_cast<const std::uint8_t*>(data);
    frame.insert(frame.end(), bytes, bytes + size);
}

inline Frame ipv4_frame(const char* from, const char* to, std::uint8_t protocol,
                        const Frame& segment) {
    Frame frame(ethernet_header);
    frame[12] = 0x08;
    ip header{};
    header.ip_v = 4;
    header.ip_hl = 5;
    header.ip_ttl = 64;
    header.ip_p = protocol;
    header.ip_len = htons(static_cast<std::uint16_t>(sizeof header + segment.size()));
    inet_pton(AF_INET, from, &header.ip_src);
    inet_pton(AF_INET, to, &header.ip_dst);
    header.ip_sum = checksum({reinterpret_cast<const std::uint8_t*>(&header), sizeof header});
    append_bytes(frame, &header, sizeof header);
    frame.insert(frame.end(), segment.begin(), segment.end());
    return frame;
}

inline Frame udp_segment(std::uint16_t from, std::uint16_t to, std::string_view payload) {
    udphdr header{};
    header.uh_sport = htons(from);
    header.uh_dport = htons(to);
    header.uh_ulen = htons(static_cast<std::uint16_t>(sizeof header + payload.size()));
    Frame segment;
    append_bytes(segment, &header, sizeof header);
    append_bytes(segment, payload.data(), payload.size());
    return segment;
}

inline Frame udp_frame(const char* from, const char* to, std::uint16_t from_port,
                       std::uint16_t to_port, std::string_view payload) {
    return ipv4_frame(from, to, IPPROTO_UDP, udp_segment(from_port, to_port, payload));
}

inline Frame tcp_segment(std::uint16_t from, std::uint16_t to, std::uint8_t flags) {
    tcphdr header{};
    header.th_sport = htons(from);
    header.th_dport = htons(to);
    header.th_off = 5;
    header.th_flags = flags;
    Frame segment;
    append_bytes(segment, &header, sizeof header);
    return segment;
}

inline Frame tcp_frame(const char* from, const char* to, std::uint16_t from_port,
                       std::uint16_t to_port, std::uint8_t flags) {
    return ipv4_frame(from, to, IPPROTO_TCP, tcp_segment(from_port, to_port, flags));
}

inline Frame ipv6_frame(const char* from, const char* to, std::uint8_t protocol,
                        const Frame& segment) {
    Frame frame(ethernet_header);
    frame[12] = 0x86;
    frame[13] = 0xdd;
    ip6_hdr header{};
    header.ip6_vfc = 6U << 4U;
    header.ip6_plen = htons(static_cast<std::uint16_t>(segment.size()));
    header.ip6_nxt = protocol;
    header.ip6_hlim = 64;
    inet_pton(AF_INET6, from, &header.ip6_src);
    inet_pton(AF_INET6, to, &header.ip6_dst);
    append_bytes(frame, &header, sizeof header);
    frame.insert(frame.end(), segment.begin(), segment.end());
    return frame;
}

inline Frame udp6_frame(const char* from, const char* to, std::uint16_t from_port,
                        std::uint16_t to_port, std::string_view payload) {
    return ipv6_frame(from, to, IPPROTO_UDP, udp_segment(from_port, to_port, payload));
}

inline Frame tcp6_frame(const char* from, const char* to, std::uint16_t from_port,
                        std::uint16_t to_port, std::uint8_t flags) {
    return ipv6_frame(from, to, IPPROTO_TCP, tcp_segment(from_port, to_port, flags));
}

}  // namespace skiff::network
