// SPDX-License-Identifier: Apache-2.0
// Egress rules (the first line, with '+' between them) and what a server answers for a name: no
// answer opens a private address, and what a rule of names alone opens was in the answer.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "network/dns_message.h"
#include "network/egress_rules.h"

using namespace skiff::network;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size);
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    const skiff::Cut parts = skiff::cut(text, '\n');
    std::vector<std::string> rules;
    bool names_only = true;
    for (const std::string_view rule : skiff::split(parts.before, '+')) {
        try {
            const EgressRule parsed = parse_egress_rule(rule);
            names_only = names_only && (parsed.kind == EgressRule::Kind::name ||
                                        parsed.kind == EgressRule::Kind::subdomains);
            rules.emplace_back(rule);
        } catch (const skiff::Error&) {
        }
    }
    EgressPolicy policy(rules);

    constexpr std::array<std::uint8_t, 29> query{0x12, 0x34, 1,   0,   0,   1,   0, 0,   0,   0,
                                                 0,    0,    3,   'w', 'w', 'w', 7, 'e', 'x', 'a',
                                                 'm',  'p',  'l', 'e', 0,   0,   1, 0,   1};
    const auto asked = parse_query(query);
    if (!asked) std::abort();
    const Bytes reply(reinterpret_cast<const std::uint8_t*>(parts.after.data()),
                      parts.after.size());
    const auto addresses = addresses_of(reply, *asked);
    policy.grant(asked->name, addresses, {});
    for (const DnsAddress& found : addresses) {
        const bool open = policy.allows(found.address, Transport::tcp, 443, {});
        if (open && names_only && is_private(found.address)) std::abort();
    }
    in6_addr other{};
    if (reply.size() >= sizeof other) {
        std::memcpy(&other, reply.data() + reply.size() - sizeof other, sizeof other);
        const bool answered = std::ranges::any_of(addresses, [&](const DnsAddress& found) {
            return IN6_ARE_ADDR_EQUAL(&found.address, &other);
        });
        if (names_only && !answered && policy.allows(other, Transport::tcp, 443, {})) std::abort();
    }
    return 0;
}
