// SPDX-License-Identifier: Apache-2.0
#include "network/reply_header.h"

#include <cstring>

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>

#include "network/frame.h"

namespace skiff::network {
namespace {

constexpr std::uint8_t hop_limit = 64;

}  // namespace

void append_ip_header(std::vector<std::uint8_t>& bytes, int family, const in6_addr& from,
                      const in6_addr& to, std::uint8_t protocol, std::size_t payload) {
    if (family == AF_INET6) {
        ip6_hdr header{};
        header.ip6_flow = htonl(0x60000000U);
        header.ip6_plen = htons(static_cast<std::uint16_t>(payload));
        header.ip6_nxt = protocol;
        header.ip6_hlim = hop_limit;
        header.ip6_src = from;
        header.ip6_dst = to;
        return append_header(bytes, header);
    }
    ip header{};
    header.ip_v = 4;
    header.ip_hl = sizeof header / 4;
    header.ip_len = htons(static_cast<std::uint16_t>(sizeof header + payload));
    header.ip_off = htons(IP_DF);
    header.ip_ttl = hop_limit;
    header.ip_p = protocol;
    std::memcpy(&header.ip_src, from.s6_addr + 12, sizeof header.ip_src);
    std::memcpy(&header.ip_dst, to.s6_addr + 12, sizeof header.ip_dst);
    header.ip_sum = checksum({reinterpret_cast<const std::uint8_t*>(&header), sizeof header});
    append_header(bytes, header);
}

}  // namespace skiff::network
