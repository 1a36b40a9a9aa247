// SPDX-License-Identifier: Apache-2.0
// What the monitor tells the network helper of one container before it starts: plain data, and its
// form as text in the start-up message.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>

namespace skiff::network {

/// The private network of one container. Addresses in network byte order, as the kernel has them.
/// Defaults are podman's numbers for slirp: what people know and what their scripts have.
struct HelperConfig {
    std::uint32_t mtu = 65520;  ///< 1280 (least of IPv6) to 65521 (libslirp's most)
    in_addr network{};          ///< 10.0.2.0
    unsigned prefix_length = 24;
    in_addr gateway{};   ///< network + 2
    in_addr resolver{};  ///< network + 3
    in_addr address{};   ///< network + 100, or the last one of a small network
    // fd00::/64: gateway ::2, resolver ::3, container ::100
    in6_addr network6{};
    in6_addr gateway6{};
    in6_addr resolver6{};
    in6_addr address6{};
    bool host_loopback = false;       ///< the gateway's address leads to the host's loopback
    bool force_veth = false;          ///< as if there were no /dev/net/tun
    bool gate = true;                 ///< TCP by the SYN gate where the kernel can (syn_gate.h)
    bool publishes = false;           ///< there are published ports: the maker is asked for sockets
    std::vector<std::string> egress;  ///< rules (egress_rules.h); none: everything may leave
    std::vector<std::uint16_t> udp_ports;  ///< of the container, published (local_paths.h)
    std::string resolv_conf;  ///< the host's, as it is at the start; later ones come as messages
};

inline constexpr unsigned prefix_length6 = 64;
inline constexpr const char* interface_name = "eth0";

/// The numbers that follow from `cidr` ("10.0.2.0/24"). Throws Error{usage} naming what is wrong
/// with it: no IPv4 network, host bits set, shorter than /8 or longer than /29.
HelperConfig make_config(std::string_view cidr);
inline constexpr std::string_view default_cidr = "10.0.2.0/24";

/// 02:42 and the IPv4 address, as Docker does it: the same container address has the same hardware
/// address, and two of one bridge never the same.
std::array<std::uint8_t, 6> hardware_address(const HelperConfig& config);

/// "key value" lines; the inverse throws Error{invalid} for a key or value it does not know.
std::string to_text(const HelperConfig& config);
HelperConfig parse_config(std::string_view text);

std::string to_text(in_addr address);
std::string to_text(const in6_addr& address);

}  // namespace skiff::network
