// SPDX-License-Identifier: Apache-2.0
#include "network/config.h"

#include <algorithm>
#include <cstring>

#include <arpa/inet.h>

#include "base/error.h"
#include "base/text.h"

namespace skiff::network {
namespace {

constexpr unsigned shortest_prefix = 8;
constexpr unsigned longest_prefix = 29;  ///< six hosts: room for gateway, resolver and container

in_addr plus(in_addr network, std::uint32_t offset) {
    return {htonl(ntohl(network.s_addr) + offset)};
}

in6_addr in_network6(std::uint16_t host) {
    in6_addr address{};
    address.s6_addr[0] = 0xfd;
    address.s6_addr[14] = static_cast<std::uint8_t>(host >> 8U);
    address.s6_addr[15] = static_cast<std::uint8_t>(host & 0xffU);
    return address;
}

bool parse_flag(std::string_view value) {
    if (value != "0" && value != "1")
        throw Error(ErrorKind::invalid, "the network helper's configuration: '{}' is no flag",
                    value);
    return value == "1";
}

void set_value(HelperConfig& config, std::string_view key, std::string_view value) {
    if (key == "mtu") {
        const auto mtu = parse_number<std::uint32_t>(value);
        if (!mtu) throw Error(ErrorKind::invalid, "the network helper's MTU '{}'", value);
        config.mtu = *mtu;
    } else if (key == "host-loopback") {
        config.host_loopback = parse_flag(value);
    } else if (key == "force-veth") {
        config.force_veth = parse_flag(value);
    } else if (key == "gate") {
        config.gate = parse_flag(value);
    } else if (key == "publishes") {
        config.publishes = parse_flag(value);
    } else if (key == "egress") {
        config.egress.emplace_back(value);
    } else if (key == "udp-port") {
        const auto port = parse_number<std::uint16_t>(value);
        if (!port) throw Error(ErrorKind::invalid, "the network helper's UDP port '{}'", value);
        config.udp_ports.push_back(*port);
    } else {
        throw Error(ErrorKind::invalid, "the network helper's configuration has no '{}'", key);
    }
}

}  // namespace

HelperConfig make_config(std::string_view cidr) {
    const Cut parts = cut(cidr, '/');
    HelperConfig config;
    const auto length = parse_number<unsigned>(parts.after);
    if (!length || inet_pton(AF_INET, std::string(parts.before).c_str(), &config.network) != 1)
        throw Error(ErrorKind::usage, "invalid network {}: an IPv4 network such as {} is wanted",
                    quoted(cidr), default_cidr);
    if (*length < shortest_prefix || *length > longest_prefix)
        throw Error(ErrorKind::usage, "invalid network {}: its prefix must be from /{} to /{}",
                    quoted(cidr), shortest_prefix, longest_prefix);
    const std::uint32_t hosts = (1U << (32 - *length)) - 1;
    if ((ntohl(config.network.s_addr) & hosts) != 0)
        throw Error(ErrorKind::usage, "invalid network {}: it has host bits set", quoted(cidr));
    config.prefix_length = *length;
    config.gateway = plus(config.network, 2);
    config.resolver = plus(config.network, 3);
    config.address = plus(config.network, std::min(100U, hosts - 1));
    config.network6 = in_network6(0);
    config.gateway6 = in_network6(2);
    config.resolver6 = in_network6(3);
    config.address6 = in_network6(0x100);
    return config;
}

std::array<std::uint8_t, 6> hardware_address(const HelperConfig& config) {
    std::array<std::uint8_t, 6> address{0x02, 0x42};
    std::memcpy(address.data() + 2, &config.address, sizeof config.address);
    return address;
}

std::string to_text(const HelperConfig& config) {
    std::string text = fmt::format("cidr {}/{}\nmtu {}\n", to_text(config.network),
                                   config.prefix_length, config.mtu);
    if (config.host_loopback) text += "host-loopback 1\n";
    if (config.force_veth) text += "force-veth 1\n";
    if (config.publishes) text += "publishes 1\n";
    if (!config.gate) text += "gate 0\n";
    for (const std::string& rule : config.egress) text += fmt::format("egress {}\n", rule);
    for (const std::uint16_t port : config.udp_ports) text += fmt::format("udp-port {}\n", port);
    // Last, since its lines are not ours.
    return text + "\n" + config.resolv_conf;
}

HelperConfig parse_config(std::string_view text) {
    constexpr std::string_view first_key = "cidr ";
    Cut line = cut(text, '\n');
    if (!line.before.starts_with(first_key))
        throw Error(ErrorKind::invalid, "the network helper's configuration has no network");
    HelperConfig config = make_config(line.before.substr(first_key.size()));
    for (line = cut(line.after, '\n'); !line.before.empty(); line = cut(line.after, '\n')) {
        const Cut words = cut(line.before, ' ');
        set_value(config, words.before, words.after);
    }
    config.resolv_conf = line.after;
    return config;
}

std::string to_text(in_addr address) {
    std::array<char, INET_ADDRSTRLEN> text{};
    return inet_ntop(AF_INET, &address, text.data(), text.size());
}

std::string to_text(const in6_addr& address) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    return inet_ntop(AF_INET6, &address, text.data(), text.size());
}

}  // namespace skiff::network
