// SPDX-License-Identifier: Apache-2.0
#include "network/dns_message.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "network/config.h"
#include "network/resolver.h"

namespace skiff::network {
namespace {

using Message = std::vector<std::uint8_t>;

Message query(const Message& question) {
    const Message header{0x12, 0x34, 0x01, 0x00, 0, 1, 0, 0, 0, 0, 0, 0};
    // Not by insert(), in which gcc 12 sees an overflow at -O3 that is none.
    Message message(header.size() + question.size());
    std::ranges::copy(question, std::ranges::copy(header, message.begin()).out);
    return message;
}
const Message www_example{3, 'w', 'w', 'W', 7, 'E', 'x', 'a', 'm', 'p', 'l', 'e', 0, 0, 1, 0, 1};

TEST(DnsMessage, ReadsAQuestion) {
    const Message message = query(www_example);
    const auto parsed = parse_query(message);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->id, 0x1234);
    EXPECT_EQ(parsed->name, "www.example");
    EXPECT_EQ(parsed->type, 1);
    EXPECT_EQ(Message(parsed->question.begin(), parsed->question.end()), www_example);
}

/// An answer to `www_example` of these records, as they are.
Message answer(std::uint8_t count, const Message& records) {
    Message reply = query(www_example);
    reply[2] |= 0x80;
    reply[7] = count;
    Message whole(reply.size() + records.size());
    std::ranges::copy(records, std::ranges::copy(reply, whole.begin()).out);
    return whole;
}
std::vector<DnsAddress> addresses(const Message& reply) {
    const Message asked = query(www_example);
    return addresses_of(reply, *parse_query(asked));
}
const Message own_address{0xc0, 12, 0, 1, 0, 1, 0, 0, 1, 44, 0, 4, 192, 0, 2, 7};

TEST(DnsMessage, FindsTheAddressesOfAnAnswer) {
    const auto found = addresses(answer(1, own_address));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].ttl, 300U);
    EXPECT_TRUE(is_mapped(found[0].address));
    EXPECT_EQ(found[0].address.s6_addr[15], 7);
}

TEST(DnsMessage, FollowsAliasesAndTakesNoOtherNamesAddress) {
    // www.example CNAME x.example; x.example A; y.example A
    Message records{0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 9, 0, 4, 1, 'x', 0xc0, 16};
    for (const char label : {'x', 'y'}) {
        const Message record{
            1, static_cast<std::uint8_t>(label), 0xc0, 16, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4, 192, 0,
            2, static_cast<std::uint8_t>(label)};
        for (const std::uint8_t byte : record) records.push_back(byte);
    }
    const auto found = addresses(answer(3, records));
    ASSERT_EQ(found.size(), 1U);
    EXPECT_EQ(found[0].address.s6_addr[15], 'x');
}

TEST(DnsMessage, AnAnswerThatIsCutOrPointsAroundHasNoAddresses) {
    const Message whole = answer(1, own_address);
    for (std::size_t length = 0; length < whole.size(); ++length)
        EXPECT_TRUE(addresses({whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(length)})
                        .empty());
    Message loop = own_address;
    loop[1] = static_cast<std::uint8_t>(dns_header + www_example.size());  // itself
    EXPECT_TRUE(addresses(answer(1, loop)).empty());
    Message forward = own_address;
    forward[1] = 200;
    EXPECT_TRUE(addresses(answer(1, forward)).empty());
}

TEST(DnsMessage, CutAnywhereIsNoQuery) {
    const Message message = query(www_example);
    for (std::size_t length = 0; length < message.size(); ++length)
        EXPECT_FALSE(parse_query(Bytes(message).first(length))) << length;
}

TEST(DnsMessage, RefusesRepliesOtherOperationsAndPointers) {
    Message reply = query(www_example);
    reply[2] |= 0x80;
    EXPECT_FALSE(parse_query(reply));
    Message update = query(www_example);
    update[2] |= 5U << 3U;
    EXPECT_FALSE(parse_query(update));
    Message two = query(www_example);
    two[5] = 2;
    EXPECT_FALSE(parse_query(two));
    EXPECT_FALSE(parse_query(query({0xc0, 0x0c, 0, 1, 0, 1})));
    Message endless;
    for (int i = 0; i < 64; ++i) endless.insert(endless.end(), {3, 'a', 'b', 'c'});
    endless.insert(endless.end(), {0, 0, 1, 0, 1});
    EXPECT_FALSE(parse_query(query(endless)));
}

TEST(DnsMessage, OddBytesOfANameAreVisible) {
    const Message message = query({3, 'a', '.', '\n', 0, 0, 1, 0, 1});
    ASSERT_TRUE(parse_query(message));
    EXPECT_EQ(parse_query(message)->name, "a\\046\\010");
}

TEST(DnsMessage, KnowsItsOwnAnswer) {
    const Message message = query(www_example);
    const auto parsed = parse_query(message);
    ASSERT_TRUE(parsed);
    const Message failure = make_reply(*parsed, DnsCode::server_failure);
    EXPECT_TRUE(answers(failure, *parsed));
    EXPECT_EQ(response_code(failure), 2U);
    EXPECT_FALSE(answers(message, *parsed));  // a query is no answer
    Message other = failure;
    other[1] ^= 1;
    EXPECT_FALSE(answers(other, *parsed));
    Message other_name = failure;
    other_name[dns_header + 1] = 'x';
    EXPECT_FALSE(answers(other_name, *parsed));
    EXPECT_NE(make_truncated(*parsed)[2] & 2, 0);
}

std::vector<std::string> servers(std::string_view resolv_conf) {
    std::vector<std::string> list;
    for (const NameServer& server : parse_name_servers(resolv_conf)) {
        const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(&server.address);
        const auto* ipv6 = reinterpret_cast<const sockaddr_in6*>(&server.address);
        list.push_back(server.address.ss_family == AF_INET ? to_text(ipv4->sin_addr)
                                                           : to_text(ipv6->sin6_addr));
    }
    return list;
}

TEST(NameServers, TheFirstThreeAsLibcCounts) {
    using List = std::vector<std::string>;
    EXPECT_EQ(servers("# x\nnameserver 192.0.2.1\nsearch a b\nnameserver\t2001:db8::1\n"
                      "nameserver 127.0.0.53 # stub\nnameserver 192.0.2.4\n"),
              (List{"192.0.2.1", "2001:db8::1", "127.0.0.53"}));
    EXPECT_EQ(servers("nameserver nonsense\nnameservers 192.0.2.1\n nameserver 192.0.2.2\n"
                      "nameserver 192.0.2.3"),
              (List{"192.0.2.3"}));
    // resolv.conf(5): the machine itself, and nobody who was not named.
    EXPECT_EQ(servers(""), (List{"127.0.0.1"}));
}

}  // namespace
}  // namespace skiff::network
