// SPDX-License-Identifier: Apache-2.0
// Links, addresses and routes of the network namespace that this process is in (rtnetlink(7)).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <netinet/in.h>

#include "base/fd.h"
#include "network/frame.h"

namespace skiff::network {

/// One request to the kernel, built in place.
class NetlinkMessage {
  public:
    /// `flags` beside NLM_F_REQUEST and NLM_F_ACK; `header` is the family's own (ifinfomsg …).
    NetlinkMessage(std::uint16_t type, std::uint16_t flags, Bytes header);
    template <typename Header>
    static NetlinkMessage of(std::uint16_t type, std::uint16_t flags, const Header& header) {
        return {type, flags, {reinterpret_cast<const std::uint8_t*>(&header), sizeof header}};
    }

    NetlinkMessage& add(std::uint16_t attribute, Bytes value);
    NetlinkMessage& add(std::uint16_t attribute, std::string_view text);  ///< with its final 0
    NetlinkMessage& add_number(std::uint16_t attribute, std::uint32_t value);
    NetlinkMessage& add_byte(std::uint16_t attribute, std::uint8_t value);
    NetlinkMessage& add_address(std::uint16_t attribute, in_addr address);
    NetlinkMessage& add_address(std::uint16_t attribute, const in6_addr& address);
    /// What is added until `end` is nested in `attribute`.
    NetlinkMessage& begin(std::uint16_t attribute);
    /// For veth's peer, whose nested part begins with a header.
    NetlinkMessage& raw(Bytes value);
    NetlinkMessage& end();

    Bytes bytes() const { return bytes_; }

  private:
    std::vector<std::uint8_t> bytes_;
    std::vector<std::size_t> open_;
};

/// A netlink socket of one protocol (NETLINK_ROUTE, or NETLINK_NETFILTER).
class Netlink {
  public:
    explicit Netlink(int protocol);
    /// Sends all in one go (less waiting) and returns the answers in order: 0, or an errno.
    std::vector<int> request(const std::vector<NetlinkMessage>& messages);
    /// Changes of nftables, which takes all of them or none: 0, or the errno of the first refusal.
    int transaction(const std::vector<NetlinkMessage>& changes);

  private:
    Fd socket_;
    std::uint32_t sequence_ = 0;
};

/// Index of an interface of this namespace. Throws SystemError.
unsigned interface_index(const std::string& name);

}  // namespace skiff::network
