// SPDX-License-Identifier: Apache-2.0
#include "network/config.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::network {
namespace {

TEST(HelperConfig, HasPodmansNumbersByDefault) {
    const HelperConfig config = make_config(default_cidr);
    EXPECT_EQ(to_text(config.gateway), "10.0.2.2");
    EXPECT_EQ(to_text(config.resolver), "10.0.2.3");
    EXPECT_EQ(to_text(config.address), "10.0.2.100");
    EXPECT_EQ(to_text(config.address6), "fd00::100");
    EXPECT_EQ(to_text(config.gateway6), "fd00::2");
    const auto mac = hardware_address(config);
    EXPECT_EQ((std::array<std::uint8_t, 6>{0x02, 0x42, 10, 0, 2, 100}), mac);
}

TEST(HelperConfig, ASmallNetworkHasRoomForAll) {
    const HelperConfig config = make_config("192.168.7.8/29");
    EXPECT_EQ(to_text(config.gateway), "192.168.7.10");
    EXPECT_EQ(to_text(config.resolver), "192.168.7.11");
    EXPECT_EQ(to_text(config.address), "192.168.7.14");
}

TEST(HelperConfig, RefusesWhatIsNoNetwork) {
    for (const char* text :
         {"", "10.0.2.0", "10.0.2.0/", "10.0.2.0/30", "10.0.2.0/7", "10.0.2.1/24", "10.0.2.0/+24",
          "10.0.2/24", "fd00::/64", "10.0.2.0/24 "})
        EXPECT_THROW(make_config(text), Error) << text;
}

TEST(HelperConfig, SurvivesItsText) {
    HelperConfig config = make_config("172.30.0.0/16");
    config.mtu = 1500;
    config.host_loopback = true;
    config.publishes = true;
    config.gate = false;
    config.udp_ports = {53, 5353};
    config.resolv_conf = "nameserver 127.0.0.53\n\nsearch x\n";
    const HelperConfig read = parse_config(to_text(config));
    EXPECT_EQ(to_text(read), to_text(config));
    EXPECT_EQ(to_text(read.address), "172.30.0.100");
    EXPECT_EQ(read.mtu, 1500U);
    EXPECT_TRUE(read.host_loopback);
    EXPECT_EQ(read.publishes, config.publishes);
    EXPECT_EQ(read.gate, config.gate);
    EXPECT_EQ(read.udp_ports, config.udp_ports);
    EXPECT_EQ(read.resolv_conf, config.resolv_conf);
}

TEST(HelperConfig, RefusesUnknownKeys) {
    EXPECT_THROW(parse_config("cidr 10.0.2.0/24\ncolour blue\n\n"), Error);
    EXPECT_THROW(parse_config("mtu 1500\n\n"), Error);
    EXPECT_THROW(parse_config(""), Error);
}

}  // namespace
}  // namespace skiff::network
