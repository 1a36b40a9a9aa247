// SPDX-License-Identifier: Apache-2.0
#include "network/nft_rule.h"

#include <array>

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <netinet/in.h>

namespace skiff::network {
namespace {

template <typename T>
Bytes bytes_of(const T& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

// One register for what is looked at; another for the proxy's port beside its address.
constexpr std::uint32_t work_register = NFT_REG_1;
constexpr std::uint32_t port_register = NFT_REG_2;

}  // namespace

NftTable::NftTable(std::uint8_t family, std::string_view name) : family_(family), name_(name) {
    NetlinkMessage table = message(NFT_MSG_NEWTABLE, NLM_F_CREATE);
    table.add(NFTA_TABLE_NAME, name_);
    messages_.push_back(std::move(table));
}

NetlinkMessage NftTable::message(std::uint16_t type, std::uint16_t flags) const {
    nfgenmsg header{};
    header.nfgen_family = family_;
    header.version = NFNETLINK_V0;
    return NetlinkMessage::of(static_cast<std::uint16_t>(NFNL_SUBSYS_NFTABLES << 8U | type), flags,
                              header);
}

void NftTable::add_chain(std::string_view name, std::string_view type, std::uint32_t hook,
                         int priority) {
    NetlinkMessage chain = message(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
    chain.add(NFTA_CHAIN_TABLE, name_).add(NFTA_CHAIN_NAME, name);
    chain.begin(NFTA_CHAIN_HOOK)
        .add_number(NFTA_HOOK_HOOKNUM, htonl(hook))
        .add_number(NFTA_HOOK_PRIORITY, htonl(static_cast<std::uint32_t>(priority)))
        .end();
    chain.add(NFTA_CHAIN_TYPE, type);
    messages_.push_back(std::move(chain));
}

void NftTable::add_rule(std::string_view chain, const std::function<void(Rule&)>& content) {
    NetlinkMessage rule = message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
    rule.add(NFTA_RULE_TABLE, name_).add(NFTA_RULE_CHAIN, chain);
    rule.begin(NFTA_RULE_EXPRESSIONS);
    Rule builder(rule, family_);
    content(builder);
    rule.end();
    messages_.push_back(std::move(rule));
}

void NftTable::Rule::expression(std::string_view name, const std::function<void()>& data) {
    message_.begin(NFTA_LIST_ELEM).add(NFTA_EXPR_NAME, name).begin(NFTA_EXPR_DATA);
    data();
    message_.end().end();
}

void NftTable::Rule::value(std::uint16_t type, Bytes data) {
    message_.begin(type).add(NFTA_DATA_VALUE, data).end();
}

void NftTable::Rule::load_meta(std::uint32_t key) {
    expression("meta", [&] {
        message_.add_number(NFTA_META_KEY, htonl(key))
            .add_number(NFTA_META_DREG, htonl(work_register));
    });
}

void NftTable::Rule::load_transport(std::uint32_t offset, std::uint32_t length) {
    expression("payload", [&] {
        message_.add_number(NFTA_PAYLOAD_DREG, htonl(work_register))
            .add_number(NFTA_PAYLOAD_BASE, htonl(NFT_PAYLOAD_TRANSPORT_HEADER))
            .add_number(NFTA_PAYLOAD_OFFSET, htonl(offset))
            .add_number(NFTA_PAYLOAD_LEN, htonl(length));
    });
}

void NftTable::Rule::load_constant(std::uint32_t into, Bytes data) {
    expression("immediate", [&] {
        message_.add_number(NFTA_IMMEDIATE_DREG, htonl(into));
        value(NFTA_IMMEDIATE_DATA, data);
    });
}

void NftTable::Rule::compare(Bytes data, bool equal) {
    expression("cmp", [&] {
        message_.add_number(NFTA_CMP_SREG, htonl(work_register))
            .add_number(NFTA_CMP_OP, htonl(equal ? NFT_CMP_EQ : NFT_CMP_NEQ));
        value(NFTA_CMP_DATA, data);
    });
}

void NftTable::Rule::compare_number(std::uint32_t number) {
    compare(bytes_of(number));
}

void NftTable::Rule::from_interface(unsigned index) {
    load_meta(NFT_META_IIF);
    compare_number(index);
}

void NftTable::Rule::to_interface(unsigned index) {
    load_meta(NFT_META_OIF);
    compare_number(index);
}

void NftTable::Rule::transport(std::uint8_t protocol) {
    load_meta(NFT_META_L4PROTO);
    compare(bytes_of(protocol));
}

void NftTable::Rule::source(Bytes address) {
    constexpr std::uint32_t source_offset4 = 12;
    constexpr std::uint32_t source_offset6 = 8;
    expression("payload", [&] {
        message_.add_number(NFTA_PAYLOAD_DREG, htonl(work_register))
            .add_number(NFTA_PAYLOAD_BASE, htonl(NFT_PAYLOAD_NETWORK_HEADER))
            .add_number(NFTA_PAYLOAD_OFFSET,
                        htonl(family_ == NFPROTO_IPV4 ? source_offset4 : source_offset6))
            .add_number(NFTA_PAYLOAD_LEN, htonl(static_cast<std::uint32_t>(address.size())));
    });
    compare(address);
}

void NftTable::Rule::destination_port(std::uint16_t port) {
    constexpr std::uint32_t port_offset = 2;
    load_transport(port_offset, sizeof port);
    compare(bytes_of(htons(port)));
}

void NftTable::Rule::compare_syn(bool first) {
    constexpr std::uint32_t flags_offset = 13;
    constexpr std::uint8_t syn = 0x02;
    constexpr std::uint8_t syn_and_ack = 0x12;
    constexpr std::uint8_t none = 0;
    load_transport(flags_offset, 1);
    expression("bitwise", [&] {
        message_.add_number(NFTA_BITWISE_SREG, htonl(work_register))
            .add_number(NFTA_BITWISE_DREG, htonl(work_register))
            .add_number(NFTA_BITWISE_LEN, htonl(1));
        value(NFTA_BITWISE_MASK, bytes_of(syn_and_ack));
        value(NFTA_BITWISE_XOR, bytes_of(none));
    });
    compare(bytes_of(syn), first);
}

void NftTable::Rule::first_segment() {
    compare_syn(true);
}

void NftTable::Rule::not_first_segment() {
    compare_syn(false);
}

void NftTable::Rule::packet_mark(std::uint32_t mark) {
    load_meta(NFT_META_MARK);
    compare_number(mark);
}

void NftTable::Rule::connection_mark(std::uint32_t mark) {
    expression("ct", [&] {
        message_.add_number(NFTA_CT_KEY, htonl(NFT_CT_MARK))
            .add_number(NFTA_CT_DREG, htonl(work_register));
    });
    compare_number(mark);
}

void NftTable::Rule::set_packet_mark(std::uint32_t mark) {
    load_constant(work_register, bytes_of(mark));
    expression("meta", [&] {
        message_.add_number(NFTA_META_KEY, htonl(NFT_META_MARK))
            .add_number(NFTA_META_SREG, htonl(work_register));
    });
}

void NftTable::Rule::set_connection_mark(std::uint32_t mark) {
    load_constant(work_register, bytes_of(mark));
    expression("ct", [&] {
        message_.add_number(NFTA_CT_KEY, htonl(NFT_CT_MARK))
            .add_number(NFTA_CT_SREG, htonl(work_register));
    });
}

void NftTable::Rule::to_proxy(Bytes address, std::uint16_t port) {
    load_constant(work_register, address);
    load_constant(port_register, bytes_of(htons(port)));
    expression("tproxy", [&] {
        message_.add_number(NFTA_TPROXY_FAMILY, htonl(family_))
            .add_number(NFTA_TPROXY_REG_ADDR, htonl(work_register))
            .add_number(NFTA_TPROXY_REG_PORT, htonl(port_register));
    });
}

void NftTable::Rule::untracked() {
    expression("notrack", [] {});
}

void NftTable::Rule::accept() {
    expression("immediate", [&] {
        message_.add_number(NFTA_IMMEDIATE_DREG, htonl(NFT_REG_VERDICT));
        message_.begin(NFTA_IMMEDIATE_DATA).begin(NFTA_DATA_VERDICT);
        message_.add_number(NFTA_VERDICT_CODE, htonl(NF_ACCEPT)).end().end();
    });
}

}  // namespace skiff::network
