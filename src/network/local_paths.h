// SPDX-License-Identifier: Apache-2.0
// What the container's network namespace must do so that sockets of ours in it can speak with
// foreign addresses: to its servers as their clients (published ports), to its clients as their
// destinations (the SYN gate).
//
// Such a socket has IP_TRANSPARENT and the mark `local_mark`. A packet with that mark finds, in the
// table `local_table`, that every address is the namespace's own: what the container's programs
// send to those addresses reaches our socket and never leaves the kernel. It gets the mark
//   - from nftables: every TCP segment that would leave through the link, but for the first of a
//     connection. That one goes to the helper, which decides, and comes back through the link
//     when the other side has answered: a second rule then gives it to our listener (tproxy).
//     No segment needs connection tracking;
//   - without nftables from net.ipv4.tcp_fwmark_accept (a server's connection has the mark of its
//     first segment) and fwmark_reflect (what the kernel answers by itself: RST, ICMP);
//   - for UDP from conntrack's mark, or where the kernel has none by a rule for each published
//     port, which then cannot be the source of anything else.
#pragma once

#include <cstdint>
#include <string_view>

#include <sys/socket.h>

#include "base/fd.h"
#include "network/config.h"

namespace skiff::network {

/// SO_MARK of the sockets that the maker makes, and of what stays in the namespace's own kernel.
inline constexpr std::uint32_t local_mark = 1;
/// The routing table where that mark leads: everything is local.
inline constexpr std::uint32_t local_table = 100;

/// Where the gate's listeners are bound, beside the gateway's address: a port that nobody has
/// (IANA: unassigned), since a server of the container cannot have it.
inline constexpr std::uint16_t gate_port = 4;

/// Congestion control of TCP that stays on this machine (TCP_CONGESTION). Where there is no wire
/// nothing is congested, and what the machine has chosen for its wires (bbr, with its timers and
/// small segments) costs half as much again. In every kernel, and free for everybody
/// (net.ipv4.tcp_allowed_congestion_control).
inline constexpr std::string_view local_control = "reno";

/// What works in the namespace now, for IPv4 and IPv6.
struct LocalPaths {
    bool source4 = false;  ///< clients of published ports keep their address; else: the gateway's
    bool source6 = false;
    bool gate4 = false;
    bool gate6 = false;
};

/// To be called once in the container's network namespace, with CAP_NET_ADMIN of it and its link
/// there. What a kernel lacks is told in the result; throws SystemError only where the kernel
/// cannot be asked at all.
LocalPaths set_up_local_paths(const HelperConfig& config);

/// The gate's listener, in the network namespace of this thread; its connections' local address is
/// where the container wanted to go. Needs CAP_NET_ADMIN.
Fd make_gate_listener(int family, const HelperConfig& config);

}  // namespace skiff::network
