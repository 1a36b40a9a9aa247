// SPDX-License-Identifier: Apache-2.0
#include "network/link.h"

#include <array>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/ethtool.h>
#include <linux/if_addr.h>
#include <linux/if_ether.h>
#include <linux/if_link.h>
#include <linux/if_packet.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <linux/sockios.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "network/netlink.h"

namespace skiff::network {
namespace {

constexpr const char* peer_name = "skiff0";  ///< of a veth pair: the helper's end
/// 64 frames of the largest MTU; a container that sends more at once drops, as any wire does.
constexpr int packet_buffer = 4 << 20;

ifreq request_for(const char* name) {
    ifreq request{};
    std::string_view(name).copy(request.ifr_name, sizeof request.ifr_name - 1);
    return request;
}

/// Nothing where the device is missing (ENOENT, ENODEV, ENXIO) or denied.
std::optional<Fd> open_tap() {
    Fd tap(open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK));
    if (!tap.valid()) return std::nullopt;
    ifreq request = request_for(interface_name);
    request.ifr_flags = IFF_TAP | IFF_NO_PI;
    if (ioctl(tap.get(), TUNSETIFF, &request) < 0) return std::nullopt;
    return tap;
}

void require(int answer, const char* act) {
    if (answer != 0) throw SystemError(answer, "cannot {} in the container's network", act);
}

Bytes hardware_bytes(const std::array<std::uint8_t, 6>& address) {
    return {address.data(), address.size()};
}

void make_veth_pair(const HelperConfig& config, Netlink& netlink) {
    NetlinkMessage make = NetlinkMessage::of(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
    make.add(IFLA_IFNAME, interface_name).add_number(IFLA_MTU, config.mtu);
    make.begin(IFLA_LINKINFO).add(IFLA_INFO_KIND, "veth").begin(IFLA_INFO_DATA);
    const ifinfomsg any{};
    make.begin(VETH_INFO_PEER).raw({reinterpret_cast<const std::uint8_t*>(&any), sizeof any});
    make.add(IFLA_IFNAME, peer_name).add_number(IFLA_MTU, config.mtu);
    make.end().end().end();
    require(netlink.request({make})[0], "make the pair of interfaces (veth)");

    // The helper's end is no host: no address of its own, no neighbour to ask for.
    ifinfomsg header{};
    header.ifi_index = static_cast<int>(interface_index(peer_name));
    NetlinkMessage no_address = NetlinkMessage::of(RTM_NEWLINK, 0, header);
    no_address.begin(IFLA_AF_SPEC).begin(AF_INET6);
    no_address.add_byte(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE).end().end();
    header.ifi_flags = header.ifi_change = IFF_UP | IFF_NOARP;
    // The first one fails where there is no IPv6.
    require(netlink.request({no_address, NetlinkMessage::of(RTM_NEWLINK, 0, header)})[1],
            "bring up the other interface (veth)");
}

/// Whoever reads the other end wants whole packets with their checksums, as on a wire.
void switch_off_offloads(const char* name) {
    const Fd any(socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    constexpr std::array<std::uint32_t, 5> offloads{ETHTOOL_STXCSUM, ETHTOOL_STSO, ETHTOOL_SGSO,
                                                    ETHTOOL_SUFO, ETHTOOL_SGRO};
    for (const std::uint32_t what : offloads) {
        ethtool_value value{what, 0};
        ifreq request = request_for(name);
        request.ifr_data = reinterpret_cast<char*>(&value);
        // A kernel that has not this one does not do it either; without checksums nothing works,
        // which the first packet shows.
        ioctl(any.get(), SIOCETHTOOL, &request);
    }
}

Fd open_packet_socket() {
    Fd packets(socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!packets.valid()) throw SystemError(errno, "cannot make a packet socket");
    const int on = 1;
    if (setsockopt(packets.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof on) < 0)
        throw SystemError(errno, "cannot prepare a packet socket");
    if (setsockopt(packets.get(), SOL_SOCKET, SO_RCVBUFFORCE, &packet_buffer,
                   sizeof packet_buffer) < 0)
        setsockopt(packets.get(), SOL_SOCKET, SO_RCVBUF, &packet_buffer, sizeof packet_buffer);
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(interface_index(peer_name));
    if (bind(packets.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        throw SystemError(errno, "cannot bind a packet socket");
    return packets;
}

NetlinkMessage up_message(const HelperConfig& config, unsigned index) {
    ifinfomsg link{};
    link.ifi_index = static_cast<int>(index);
    link.ifi_flags = link.ifi_change = IFF_UP;
    NetlinkMessage message = NetlinkMessage::of(RTM_NEWLINK, 0, link);
    message.add(IFLA_ADDRESS, hardware_bytes(hardware_address(config)));
    message.add_number(IFLA_MTU, config.mtu);
    return message;
}

template <typename Address>
NetlinkMessage address_message(unsigned index, std::uint8_t family, const Address& address,
                               unsigned prefix_length) {
    ifaddrmsg header{};
    header.ifa_family = family;
    header.ifa_prefixlen = static_cast<std::uint8_t>(prefix_length);
    // Nobody else is on this wire: to look for a duplicate would only make everybody wait.
    if (family == AF_INET6) header.ifa_flags = IFA_F_NODAD;
    header.ifa_index = index;
    NetlinkMessage message = NetlinkMessage::of(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
    message.add_address(IFA_LOCAL, address).add_address(IFA_ADDRESS, address);
    return message;
}

template <typename Address>
NetlinkMessage route_message(unsigned index, std::uint8_t family, const Address& gateway) {
    rtmsg header{};
    header.rtm_family = family;
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = RTPROT_BOOT;
    header.rtm_scope = RT_SCOPE_UNIVERSE;
    header.rtm_type = RTN_UNICAST;
    NetlinkMessage message = NetlinkMessage::of(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
    message.add_address(RTA_GATEWAY, gateway).add_number(RTA_OIF, index);
    return message;
}

void configure(const HelperConfig& config, Netlink& netlink) {
    const unsigned index = interface_index(interface_name);
    const std::vector<int> answers = netlink.request({
        up_message(config, index),
        address_message(index, AF_INET, config.address, config.prefix_length),
        route_message(index, AF_INET, config.gateway),
        // A machine without IPv6 has containers without it.
        address_message(index, AF_INET6, config.address6, prefix_length6),
        route_message(index, AF_INET6, config.gateway6),
    });
    require(answers[0], "bring up the interface");
    require(answers[1], "set the address");
    require(answers[2], "set the default route");
}

}  // namespace

void Link::send(Bytes frame) const noexcept {
    [[maybe_unused]] const ssize_t n = write(frames_.get(), frame.data(), frame.size());
}

NewLink make_link(const HelperConfig& config) {
    NewLink link;
    Netlink netlink(NETLINK_ROUTE);
    std::optional<Fd> tap = config.force_veth ? std::nullopt : open_tap();
    link.is_tap = tap.has_value();
    if (tap) {
        link.frames = std::move(*tap);
    } else {
        make_veth_pair(config, netlink);
        switch_off_offloads(interface_name);
        // Before the other end is up: nothing that the kernel sends then is missed.
        link.frames = open_packet_socket();
    }
    configure(config, netlink);
    return link;
}

}  // namespace skiff::network
