// SPDX-License-Identifier: Apache-2.0
// Rules of nftables as netlink messages: the few expressions that skiff's rules are made of.
// See libnftnl's and the kernel's include/uapi/linux/netfilter/nf_tables.h.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "network/frame.h"
#include "network/netlink.h"

namespace skiff::network {

/// One table of skiff's in the family ip or ip6, put together as a transaction.
class NftTable {
  public:
    /// `family` is NFPROTO_IPV4 or NFPROTO_IPV6.
    NftTable(std::uint8_t family, std::string_view name);

    /// `type` is "filter" or "route"; `hook` NF_INET_PRE_ROUTING or NF_INET_LOCAL_OUT.
    void add_chain(std::string_view name, std::string_view type, std::uint32_t hook, int priority);

    /// The next rule of `chain`; conditions and statements are called in order.
    class Rule;
    void add_rule(std::string_view chain, const std::function<void(Rule&)>& content);

    std::vector<NetlinkMessage> take() { return std::move(messages_); }

  private:
    NetlinkMessage message(std::uint16_t type, std::uint16_t flags) const;

    std::uint8_t family_;
    std::string_view name_;
    std::vector<NetlinkMessage> messages_;
};

class NftTable::Rule {
  public:
    Rule(NetlinkMessage& message, std::uint8_t family) : message_(message), family_(family) {}

    // Conditions
    void from_interface(unsigned index);
    void to_interface(unsigned index);
    /// IPPROTO_TCP, IPPROTO_UDP.
    void transport(std::uint8_t protocol);
    void source(Bytes address);
    void destination_port(std::uint16_t port);
    /// The flags SYN and ACK of a TCP segment: `first` is that of a connection, SYN alone.
    void first_segment();
    void not_first_segment();
    void packet_mark(std::uint32_t mark);
    void connection_mark(std::uint32_t mark);

    // Statements
    void set_packet_mark(std::uint32_t mark);
    void set_connection_mark(std::uint32_t mark);
    /// To the transparent socket that is bound to `address` and `port`.
    void to_proxy(Bytes address, std::uint16_t port);
    /// No connection tracking for this packet.
    void untracked();
    void accept();

  private:
    void expression(std::string_view name, const std::function<void()>& data);
    void load_meta(std::uint32_t key);
    void load_transport(std::uint32_t offset, std::uint32_t length);
    void load_constant(std::uint32_t into, Bytes value);
    void compare(Bytes value, bool equal = true);
    void compare_number(std::uint32_t value);
    void compare_syn(bool first);
    void value(std::uint16_t type, Bytes data);

    NetlinkMessage& message_;
    std::uint8_t family_;
};

}  // namespace skiff::network
