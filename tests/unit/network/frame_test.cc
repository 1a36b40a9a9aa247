// SPDX-License-Identifier: Apache-2.0
#include "network/frame.h"

#include <string>
#include <vector>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include "network/address_check.h"
#include "network_frames.h"

namespace skiff::network {
namespace {

in6_addr address(const char* text) {
    in6_addr result{};
    EXPECT_EQ(inet_pton(AF_INET6, text, &result), 1) << text;
    return result;
}

TEST(Frame, ReadsUdpOverIpv4) {
    const Frame frame = udp_frame("10.0.2.100", "192.0.2.7", 1234, 53, "hello");
    const auto packet = parse_packet(frame);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->family, AF_INET);
    EXPECT_EQ(packet->transport, Transport::udp);
    EXPECT_EQ(packet->source_port, 1234);
    EXPECT_EQ(packet->destination_port, 53);
    EXPECT_EQ(std::string(packet->payload.begin(), packet->payload.end()), "hello");
    const in6_addr wanted = address("::ffff:192.0.2.7");
    EXPECT_TRUE(IN6_ARE_ADDR_EQUAL(&packet->destination, &wanted));
}

TEST(Frame, ReadsTcpFlags) {
    const auto packet = parse_packet(tcp_frame("10.0.2.100", "192.0.2.7", 40000, 80, TH_SYN));
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->transport, Transport::tcp);
    EXPECT_EQ(packet->tcp_flags, TH_SYN);
    EXPECT_TRUE(packet->payload.empty());
}

TEST(Frame, CutAnywhereIsNoPacket) {
    const Frame frame = udp_frame("10.0.2.100", "192.0.2.7", 1234, 53, "hello");
    for (std::size_t length = 0; length < frame.size(); ++length)
        EXPECT_FALSE(parse_packet(Bytes(frame).first(length))) << length;
}

TEST(Frame, BytesBehindThePacketAreNotPartOfIt) {
    Frame frame = udp_frame("10.0.2.100", "192.0.2.7", 1234, 53, "hello");
    frame.resize(frame.size() + 20);
    const auto packet = parse_packet(frame);
    ASSERT_TRUE(packet);
    EXPECT_EQ(packet->payload.size(), 5U);
}

TEST(Frame, AFragmentHasNoPorts) {
    Frame frame = udp_frame("10.0.2.100", "192.0.2.7", 1234, 53, "hello");
    frame[ethernet_header + 6] = 0x20;  // more fragments
    const auto packet = parse_packet(frame);
    ASSERT_TRUE(packet);
    EXPECT_TRUE(packet->fragment);
    EXPECT_EQ(packet->destination_port, 0);
    EXPECT_TRUE(packet->segment.empty());
}

TEST(Frame, ChecksumOfRfc1071) {
    const std::vector<std::uint8_t> data{0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7};
    EXPECT_EQ(checksum(data), htons(0x220d));
    EXPECT_EQ(checksum(Bytes(data).first(7)), htons(static_cast<std::uint16_t>(0x220d + 0xf7)));
}

TEST(Frame, AddressesThatMeanTheHost) {
    for (const char* text : {"::1", "::", "::ffff:127.0.0.1", "::ffff:127.255.1.2",
                             "::ffff:0.0.0.0", "::ffff:0.1.2.3", "::127.0.0.1"})
        EXPECT_TRUE(means_the_host(address(text))) << text;
    for (const char* text : {"::ffff:10.0.2.2", "fd00::2", "::ffff:126.0.0.1", "2001:db8::1"})
        EXPECT_FALSE(means_the_host(address(text))) << text;
}

class AddressCheckTest : public testing::Test {
  protected:
    bool drops(const Frame& frame) {
        const auto packet = parse_packet(frame);
        return !packet || check_.take(*packet, frame);
    }
    AddressCheck check_{make_config(default_cidr)};
};

TEST_F(AddressCheckTest, LetsOrdinaryPacketsThrough) {
    EXPECT_FALSE(drops(udp_frame("10.0.2.100", "192.0.2.7", 1, 2, "")));
    EXPECT_FALSE(drops(tcp_frame("10.0.2.100", "10.0.3.1", 1, 80, TH_SYN)));
    EXPECT_FALSE(drops(tcp_frame("10.0.2.100", "10.0.2.2", 1, 80, TH_SYN)));
    EXPECT_FALSE(drops(udp_frame("10.0.2.100", "10.0.2.3", 1, 53, "")));
    EXPECT_FALSE(drops(tcp_frame("10.0.2.100", "10.0.2.3", 1, 53, TH_SYN)));
}

TEST_F(AddressCheckTest, DropsWhatLeadsToTheHostItself) {
    for (const char* to : {"127.0.0.1", "127.9.9.9", "0.0.0.0", "255.255.255.255", "224.0.0.1"}) {
        EXPECT_TRUE(drops(udp_frame("10.0.2.100", to, 1, 2, ""))) << to;
        EXPECT_TRUE(drops(tcp_frame("10.0.2.100", to, 1, 2, TH_SYN))) << to;
    }
}

TEST_F(AddressCheckTest, DropsServicesOfTheStackAndAddressesThatNobodyHas) {
    EXPECT_TRUE(drops(udp_frame("10.0.2.100", "10.0.2.2", 68, 67, "")));
    EXPECT_TRUE(drops(udp_frame("10.0.2.100", "10.0.2.2", 1, 69, "")));
    EXPECT_TRUE(drops(udp_frame("10.0.2.100", "10.0.2.3", 1, 54, "")));
    EXPECT_TRUE(drops(tcp_frame("10.0.2.100", "10.0.2.77", 1, 80, TH_SYN)));
    EXPECT_TRUE(drops(tcp_frame("10.0.2.100", "10.0.2.255", 1, 80, TH_SYN)));
}

TEST_F(AddressCheckTest, AnIpv4AddressInAnIpv6PacketIsNoWayRound) {
    EXPECT_TRUE(drops(udp6_frame("fd00::100", "::ffff:127.0.0.1", 1, 2, "")));
    EXPECT_TRUE(drops(udp6_frame("fd00::100", "::ffff:192.0.2.7", 1, 2, "")));
    EXPECT_TRUE(drops(udp6_frame("fd00::100", "::1", 1, 2, "")));
    EXPECT_TRUE(drops(udp6_frame("fd00::100", "fd00::77", 1, 2, "")));
    EXPECT_TRUE(drops(udp6_frame("fd00::100", "ff02::1", 1, 2, "")));
    EXPECT_FALSE(drops(udp6_frame("fd00::100", "2001:db8::1", 1, 2, "")));
    EXPECT_FALSE(drops(udp6_frame("fd00::100", "fd00::3", 1, 53, "")));
}

TEST_F(AddressCheckTest, OfTheResolverOnlyItsPortIsThere) {
    EXPECT_FALSE(drops(tcp6_frame("fd00::100", "fd00::3", 1, 53, TH_SYN)));
    EXPECT_TRUE(drops(tcp6_frame("fd00::100", "fd00::3", 1, 54, TH_SYN)));
}

}  // namespace
}  // namespace skiff::network
