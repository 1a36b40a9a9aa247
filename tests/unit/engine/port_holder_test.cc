// SPDX-License-Identifier: Apache-2.0
#include "engine/container/port_holder.h"

#include <gtest/gtest.h>

namespace skiff::engine {
namespace {

TEST(PortHolder, ReadsTheKernelsTables) {
    const auto tcp = parse_host_socket(
        "   4: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        "
        "0 "
        "123456 1 0000000000000000 100 0 0 10 0");
    ASSERT_TRUE(tcp);
    EXPECT_EQ(tcp->port, 8080);
    EXPECT_TRUE(tcp->listens);
    EXPECT_EQ(tcp->uid, 1000U);
    EXPECT_EQ(tcp->inode, 123456U);
    const auto connected = parse_host_socket(
        "   5: 0100007F:1F90 0100007F:D431 01 00000000:00000000 00:00000000 00000000     0        "
        "0 "
        "99 1 0000000000000000 20 4 30 10 -1");
    ASSERT_TRUE(connected);
    EXPECT_FALSE(connected->listens);
    const auto udp6 = parse_host_socket(
        " 1234: 00000000000000000000000000000000:0035 00000000000000000000000000000000:0000 07 "
        "00000000:00000000 00:00000000 00000000    33        0 77 2 0000000000000000 0");
    ASSERT_TRUE(udp6);
    EXPECT_EQ(udp6->port, 53);
    EXPECT_TRUE(udp6->listens);
}

TEST(PortHolder, ReadsNothingElse) {
    EXPECT_FALSE(parse_host_socket(""));
    EXPECT_FALSE(parse_host_socket("  sl  local_address rem_address   st tx_queue rx_queue tr"));
    EXPECT_FALSE(parse_host_socket("0: x:y z:w 0A 0:0 0:0 0 0 0 0"));
}

}  // namespace
}  // namespace skiff::engine
