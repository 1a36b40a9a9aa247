// SPDX-License-Identifier: Apache-2.0
#include "network/local_paths.h"

#include <cerrno>
#include <optional>
#include <string>

#include <fcntl.h>

#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>

#include "base/error.h"
#include "network/netlink.h"
#include "network/nft_rule.h"

namespace skiff::network {
namespace {

constexpr std::uint32_t loopback_index = 1;  // in every network namespace
constexpr std::uint32_t rule_priority = 10;

template <typename T>
Bytes bytes_of(const T& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

/// False where /proc/sys is read-only or the kernel has no such setting.
bool set(const std::string& name, std::string_view value) {
    try {
        const Fd file = open_file("/proc/sys/net/" + name, O_WRONLY);
        write_all(file.get(), value, name);
        return true;
    } catch (const Error&) {
        return false;
    }
}

NetlinkMessage loopback_up() {
    ifinfomsg link{};
    link.ifi_index = loopback_index;
    link.ifi_flags = link.ifi_change = IFF_UP;
    return NetlinkMessage::of(RTM_NEWLINK, 0, link);
}

NetlinkMessage rule_message(std::uint8_t family) {
    fib_rule_hdr rule{};
    rule.family = family;
    rule.table = local_table;
    rule.action = FR_ACT_TO_TBL;
    NetlinkMessage message = NetlinkMessage::of(RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, rule);
    message.add_number(FRA_PRIORITY, rule_priority);
    return message;
}

/// ip rule add fwmark 1 lookup 100
NetlinkMessage mark_rule(std::uint8_t family) {
    NetlinkMessage message = rule_message(family);
    message.add_number(FRA_FWMARK, local_mark);
    return message;
}

/// ip rule add ipproto udp sport PORT lookup 100
NetlinkMessage port_rule(std::uint8_t family, std::uint16_t port) {
    NetlinkMessage message = rule_message(family);
    message.add_byte(FRA_IP_PROTO, IPPROTO_UDP);
    const fib_rule_port_range range{port, port};
    message.add(FRA_SPORT_RANGE, bytes_of(range));
    return message;
}

/// ip route add local default dev lo table 100
NetlinkMessage local_route(std::uint8_t family) {
    rtmsg route{};
    route.rtm_family = family;
    route.rtm_table = local_table;
    route.rtm_protocol = RTPROT_STATIC;
    route.rtm_scope = RT_SCOPE_HOST;
    route.rtm_type = RTN_LOCAL;
    NetlinkMessage message = NetlinkMessage::of(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, route);
    message.add_number(RTA_OIF, loopback_index);
    return message;
}

struct FamilyPlan {
    std::uint8_t family;  ///< AF_INET or AF_INET6: also nftables' number
    Bytes container;      ///< its address
    Bytes gateway;
    unsigned link;  ///< index of the link to the helper
    bool gate;      ///< wanted, and possible as far as known
    bool settings;  ///< the kernel keeps marks by itself
};

/// The rules for TCP; see the drawing in words in the header.
int add_gate_rules(Netlink& filters, const FamilyPlan& plan) {
    NftTable table(plan.family, "skiff");
    table.add_chain("arriving", "filter", NF_INET_PRE_ROUTING, NF_IP_PRI_MANGLE);
    table.add_chain("leaving", "route", NF_INET_LOCAL_OUT, NF_IP_PRI_MANGLE);
    table.add_rule("arriving", [&](NftTable::Rule& rule) {
        rule.from_interface(plan.link);
        rule.transport(IPPROTO_TCP);
        rule.source(plan.container);
        rule.first_segment();
        rule.to_proxy(plan.gateway, gate_port);
        rule.set_packet_mark(local_mark);
        rule.accept();
    });
    table.add_rule("leaving", [&](NftTable::Rule& rule) {
        rule.to_interface(plan.link);
        rule.transport(IPPROTO_TCP);
        rule.not_first_segment();
        rule.set_packet_mark(local_mark);
        rule.accept();
    });
    return filters.transaction(table.take());
}

/// Answers of the container's UDP servers go where the question came from. TCP, which would be
/// tracked now too, is spared that.
int add_datagram_rules(Netlink& filters, const FamilyPlan& plan) {
    NftTable table(plan.family, "skiff-udp");
    table.add_chain("early", "filter", NF_INET_LOCAL_OUT, NF_IP_PRI_RAW);
    table.add_chain("leaving", "route", NF_INET_LOCAL_OUT, NF_IP_PRI_MANGLE);
    table.add_rule("early", [&](NftTable::Rule& rule) {
        rule.transport(IPPROTO_TCP);
        rule.untracked();
    });
    table.add_rule("leaving", [&](NftTable::Rule& rule) {
        rule.transport(IPPROTO_UDP);
        rule.packet_mark(local_mark);
        rule.set_connection_mark(local_mark);
        rule.accept();
    });
    table.add_rule("leaving", [&](NftTable::Rule& rule) {
        rule.to_interface(plan.link);
        rule.transport(IPPROTO_UDP);
        rule.connection_mark(local_mark);
        rule.set_packet_mark(local_mark);
        rule.accept();
    });
    return filters.transaction(table.take());
}

struct FamilyResult {
    bool source = false;
    bool gate = false;
};

FamilyResult set_up_family(Netlink& routes, Netlink* filters, const FamilyPlan& plan,
                           const HelperConfig& config) {
    FamilyResult result;
    for (const int error : routes.request({mark_rule(plan.family), local_route(plan.family)}))
        if (error != 0) return result;
    result.gate = plan.gate && filters != nullptr && add_gate_rules(*filters, plan) == 0;
    result.source = result.gate || plan.settings;
    if (config.udp_ports.empty()) return result;
    if (filters != nullptr && add_datagram_rules(*filters, plan) == 0) return result;
    std::vector<NetlinkMessage> rules;
    for (const std::uint16_t port : config.udp_ports) rules.push_back(port_rule(plan.family, port));
    for (const int error : routes.request(rules))
        if (error != 0 && error != EEXIST) result.source = false;
    return result;
}

std::optional<Netlink> find_filters() {
    try {
        return Netlink(NETLINK_NETFILTER);
    } catch (const SystemError&) {
        return std::nullopt;  // a kernel without netfilter: libslirp carries TCP
    }
}

}  // namespace

LocalPaths set_up_local_paths(const HelperConfig& config) {
    const unsigned link = interface_index(interface_name);
    Netlink routes(NETLINK_ROUTE);
    routes.request({loopback_up()});
    // Every connection of this namespace ends on this machine. (One that may change its network may
    // have a tunnel of its own, and what is in that has a long way.)
    if (config.gate) set("ipv4/tcp_congestion_control", local_control);

    // A packet of our own address arrives through the link (the gate's), and is no martian.
    const std::string device = std::string("ipv4/conf/") + interface_name;
    const bool admits_own = config.gate && set(device + "/accept_local", "1") &&
                            set(device + "/rp_filter", "0") && set("ipv4/conf/all/rp_filter", "0");
    const bool settings4 = set("ipv4/tcp_fwmark_accept", "1") && set("ipv4/fwmark_reflect", "1");
    const bool settings6 = settings4 && set("ipv6/fwmark_reflect", "1");

    std::optional<Netlink> filters = find_filters();
    Netlink* const nft = filters ? &*filters : nullptr;
    const FamilyPlan plan4{
        AF_INET, bytes_of(config.address), bytes_of(config.gateway), link, admits_own, settings4};
    const FamilyPlan plan6{
        AF_INET6, bytes_of(config.address6), bytes_of(config.gateway6), link, config.gate,
        settings6};
    const FamilyResult ipv4 = set_up_family(routes, nft, plan4, config);
    const FamilyResult ipv6 = set_up_family(routes, nft, plan6, config);
    return {ipv4.source, ipv6.source, ipv4.gate, ipv6.gate};
}

Fd make_gate_listener(int family, const HelperConfig& config) {
    constexpr int backlog = 4096;  // net.core.somaxconn of a new namespace
    Fd fd(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd.valid()) throw SystemError(errno, "cannot make a socket in the container's network");
    const auto set_option = [&](int level, int option, std::uint32_t value) {
        if (setsockopt(fd.get(), level, option, &value, sizeof value) < 0)
            throw SystemError(errno, "cannot prepare a socket of the container's network");
    };
    if (family == AF_INET6) {
        set_option(SOL_IPV6, IPV6_V6ONLY, 1);
        set_option(SOL_IPV6, IPV6_TRANSPARENT, 1);
    } else {
        set_option(SOL_IP, IP_TRANSPARENT, 1);
    }
    set_option(SOL_SOCKET, SO_MARK, local_mark);
    sockaddr_in6 address6{};
    address6.sin6_family = AF_INET6;
    address6.sin6_addr = config.gateway6;
    address6.sin6_port = htons(gate_port);
    sockaddr_in address4{};
    address4.sin_family = AF_INET;
    address4.sin_addr = config.gateway;
    address4.sin_port = htons(gate_port);
    const bool six = family == AF_INET6;
    const auto* address = six ? reinterpret_cast<const sockaddr*>(&address6)
                              : reinterpret_cast<const sockaddr*>(&address4);
    if (bind(fd.get(), address, six ? sizeof address6 : sizeof address4) < 0 ||
        listen(fd.get(), backlog) < 0)
        throw SystemError(errno, "cannot listen in the container's network");
    return fd;
}

}  // namespace skiff::network
