// SPDX-License-Identifier: Apache-2.0
#include "network/egress_rules.h"

#include <algorithm>
#include <array>
#include <cstring>

#include <arpa/inet.h>

#include "base/error.h"
#include "base/text.h"

namespace skiff::network {
namespace {

constexpr unsigned mapped_bits = 96;
constexpr unsigned address_bits = 128;
constexpr std::size_t longest_name = 253;
constexpr std::size_t longest_label = 63;

struct Range {
    const char* network;
    unsigned prefix_length;
};
/// IANA's special-purpose registries (RFC 6890 and its successors), the ways to write an IPv4
/// address as an IPv6 one that a router would translate, and the metadata services of clouds,
/// alone: to open the network around one does not open it.
constexpr std::array private_ranges{
    Range{"0.0.0.0", 8},          Range{"10.0.0.0", 8},       Range{"100.64.0.0", 10},
    Range{"127.0.0.0", 8},        Range{"169.254.0.0", 16},   Range{"172.16.0.0", 12},
    Range{"192.0.0.0", 24},       Range{"192.168.0.0", 16},   Range{"198.18.0.0", 15},
    Range{"224.0.0.0", 4},        Range{"240.0.0.0", 4},      Range{"::", 8},
    Range{"64:ff9b::", 96},       Range{"64:ff9b:1::", 48},   Range{"2001::", 32},
    Range{"2002::", 16},          Range{"fc00::", 7},         Range{"fe80::", 10},
    Range{"fec0::", 10},          Range{"ff00::", 8},         Range{"169.254.169.254", 32},
    Range{"100.100.100.200", 32}, Range{"168.63.129.16", 32}, Range{"192.0.0.192", 32},
    Range{"fd00:ec2::254", 128},  Range{"fd20:ce::254", 128},
};

std::optional<in6_addr> parse_address(const std::string& text) {
    in_addr four{};
    in6_addr six{};
    if (inet_pton(AF_INET, text.c_str(), &four) == 1) return mapped(four);
    if (inet_pton(AF_INET6, text.c_str(), &six) == 1) return six;
    return std::nullopt;
}

bool is_in(const in6_addr& address, const in6_addr& network, unsigned bits) {
    const unsigned bytes = bits / 8;
    if (std::memcmp(address.s6_addr, network.s6_addr, bytes) != 0) return false;
    if (bits % 8 == 0) return true;
    const auto rest = static_cast<std::uint8_t>(0xff00U >> (bits % 8));
    return ((address.s6_addr[bytes] ^ network.s6_addr[bytes]) & rest) == 0;
}

struct BinaryRange {
    in6_addr network{};
    unsigned prefix_length = 0;
};
const std::vector<BinaryRange>& ranges() {
    static const std::vector<BinaryRange> made = [] {
        std::vector<BinaryRange> result;
        for (const Range& range : private_ranges) {
            const in6_addr network = *parse_address(range.network);
            const bool four = is_mapped(network);
            result.push_back({network, range.prefix_length + (four ? mapped_bits : 0)});
        }
        return result;
    }();
    return made;
}

bool contains(const BinaryRange& range, const in6_addr& address) {
    // Mapped addresses are IPv4's, and none of ::/8.
    if (is_mapped(address) != is_mapped(range.network)) return false;
    return is_in(address, range.network, range.prefix_length);
}

/// See the head of the header.
bool may_reach(const EgressRule& rule, const in6_addr& address) {
    return std::ranges::all_of(ranges(), [&](const BinaryRange& range) {
        if (!contains(range, address)) return true;
        return rule.prefix_length >= range.prefix_length && contains(range, rule.network);
    });
}

[[noreturn]] void refuse(std::string_view text, std::string_view why) {
    throw Error(ErrorKind::usage, "invalid egress rule {}: {}", quoted(text), why);
}

void take_ports(EgressRule& rule, std::string_view text, std::string_view whole) {
    const Cut parts = cut(text, '/');
    if (parts.found) {
        if (parts.after == "tcp") rule.transport = Transport::tcp;
        if (parts.after == "udp") rule.transport = Transport::udp;
        if (rule.transport == Transport::other) refuse(whole, "the protocol is tcp or udp");
    }
    const Cut range = cut(parts.before, '-');
    const auto first = parse_number<std::uint16_t>(range.before);
    const auto last = range.found ? parse_number<std::uint16_t>(range.after) : first;
    if (!first || !last || *first == 0 || *last < *first)
        refuse(whole, "a port is a number from 1 to 65535, or two with '-' between them");
    rule.first_port = *first;
    rule.last_port = *last;
}

void take_network(EgressRule& rule, const in6_addr& address, const Cut& parts,
                  std::string_view whole) {
    const bool four = is_mapped(address) && parts.before.find(':') == std::string_view::npos;
    const unsigned base = four ? mapped_bits : 0;
    unsigned length = address_bits - base;
    if (parts.found) {
        const auto given = parse_number<unsigned>(parts.after);
        if (!given || *given > length) refuse(whole, "its prefix length is none");
        length = *given;
    }
    rule.kind = EgressRule::Kind::network;
    rule.network = address;
    rule.prefix_length = base + length;
    for (unsigned bit = rule.prefix_length; bit < address_bits; ++bit)
        if ((address.s6_addr[bit / 8] & (0x80U >> (bit % 8))) != 0)
            refuse(whole, "the network has host bits set");
}

void take_name(EgressRule& rule, std::string_view text, std::string_view whole) {
    rule.kind = EgressRule::Kind::name;
    if (text.starts_with("*.")) {
        rule.kind = EgressRule::Kind::subdomains;
        text.remove_prefix(2);
    }
    if (text.ends_with('.')) text.remove_suffix(1);
    if (text.empty() || text.size() > longest_name) refuse(whole, "it is no name");
    bool all_digits = false;
    for (const std::string_view label : split(text, '.')) {
        const bool plain = std::ranges::all_of(label, [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                   c == '-' || c == '_';
        });
        if (label.empty() || label.size() > longest_label || !plain)
            refuse(whole, "a name has letters, digits and '-', and '*' in front alone");
        all_digits = std::ranges::all_of(label, [](char c) { return c >= '0' && c <= '9'; });
    }
    // Such as 10.0.0 or 1.2.3.4.5: whoever wrote it meant an address.
    if (all_digits) refuse(whole, "it is neither an address nor a name");
    rule.name = to_lower(text);
}

bool names(const EgressRule& rule, std::string_view name) {
    switch (rule.kind) {
        case EgressRule::Kind::any:
            return true;
        case EgressRule::Kind::name:
            return name == rule.name;
        case EgressRule::Kind::subdomains:
            return name.size() > rule.name.size() + 1 && name.ends_with(rule.name) &&
                   name[name.size() - rule.name.size() - 1] == '.';
        case EgressRule::Kind::none:
        case EgressRule::Kind::network:
            break;
    }
    return false;
}

bool allows_port(const EgressRule& rule, Transport transport, std::optional<std::uint16_t> port) {
    if (rule.first_port == 0) return true;
    if (!port || *port < rule.first_port || *port > rule.last_port) return false;
    return rule.transport == Transport::other || rule.transport == transport;
}

}  // namespace

bool is_private(const in6_addr& address) {
    return std::ranges::any_of(ranges(),
                               [&](const BinaryRange& range) { return contains(range, address); });
}

EgressRule parse_egress_rule(std::string_view text) {
    EgressRule rule;
    if (text == "none") return rule;
    std::string_view host = text;
    if (text.starts_with('[')) {
        const std::size_t end = text.find(']');
        if (end == std::string_view::npos) refuse(text, "there is no ']'");
        host = text.substr(1, end - 1);
        const std::string_view rest = text.substr(end + 1);
        if (!rest.empty() && rest.front() != ':')
            refuse(text, "behind ']' there is ':' and a port");
        if (!rest.empty()) take_ports(rule, rest.substr(1), text);
    } else if (std::ranges::count(text, ':') == 1) {
        const Cut parts = cut(text, ':');
        host = parts.before;
        take_ports(rule, parts.after, text);
    }
    if (host == "*") {
        rule.kind = EgressRule::Kind::any;
        return rule;
    }
    const Cut parts = cut(host, '/');
    if (const auto address = parse_address(std::string(parts.before))) {
        take_network(rule, *address, parts, text);
    } else {
        take_name(rule, host, text);
    }
    return rule;
}

bool EgressPolicy::Key::operator<(const Key& other) const {
    const int order = std::memcmp(&address, &other.address, sizeof address);
    return order != 0 ? order < 0 : rule < other.rule;
}

EgressPolicy::EgressPolicy(std::span<const std::string> rules) {
    for (const std::string& text : rules) rules_.push_back(parse_egress_rule(text));
}

bool EgressPolicy::allows_name(std::string_view name) const {
    return std::ranges::any_of(rules_, [&](const EgressRule& rule) { return names(rule, name); });
}

void EgressPolicy::grant(std::string_view name, std::span<const DnsAddress> addresses, Time now) {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        // `any` needs no grant: it holds for every public address.
        if (rules_[i].kind == EgressRule::Kind::any || !names(rules_[i], name)) continue;
        for (const DnsAddress& address : addresses) {
            if (is_private(address.address)) continue;
            const Time until =
                now + std::clamp<std::chrono::seconds>(std::chrono::seconds(address.ttl),
                                                       shortest_grant, longest_grant);
            make_room(now);
            Time& known = grants_[{address.address, i}];
            known = std::max(known, until);
        }
    }
}

void EgressPolicy::make_room(Time now) {
    if (grants_.size() < most_grants) return;
    std::erase_if(grants_, [&](const auto& grant) { return grant.second < now; });
    if (grants_.size() < most_grants) return;
    grants_.erase(std::ranges::min_element(
        grants_, [](const auto& a, const auto& b) { return a.second < b.second; }));
}

bool EgressPolicy::allows(const in6_addr& to, Transport transport,
                          std::optional<std::uint16_t> port, Time now) const {
    for (std::size_t i = 0; i < rules_.size(); ++i) {
        const EgressRule& rule = rules_[i];
        if (!allows_port(rule, transport, port)) continue;
        switch (rule.kind) {
            case EgressRule::Kind::any:
                if (!is_private(to)) return true;
                break;
            case EgressRule::Kind::network:
                // ::/0 holds no IPv4 address, though its mapped form would be in it.
                if (is_mapped(to) == is_mapped(rule.network) &&
                    is_in(to, rule.network, rule.prefix_length) && may_reach(rule, to))
                    return true;
                break;
            case EgressRule::Kind::name:
            case EgressRule::Kind::subdomains:
                if (const auto found = grants_.find({to, i});
                    found != grants_.end() && found->second >= now)
                    return true;
                break;
            case EgressRule::Kind::none:
                break;
        }
    }
    return false;
}

}  // namespace skiff::network
