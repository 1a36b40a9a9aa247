// SPDX-License-Identifier: Apache-2.0
#include "engine/container/restart_policy.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

TEST(RestartPolicy, ReadsDockersWords) {
    EXPECT_EQ(parse_restart_policy("").kind, RestartPolicy::Kind::no);
    EXPECT_EQ(parse_restart_policy("no").kind, RestartPolicy::Kind::no);
    EXPECT_EQ(parse_restart_policy("always").kind, RestartPolicy::Kind::always);
    EXPECT_EQ(parse_restart_policy("unless-stopped").kind, RestartPolicy::Kind::unless_stopped);
    EXPECT_EQ(parse_restart_policy("on-failure").retries, 0);
    EXPECT_EQ(parse_restart_policy("on-failure:7").retries, 7);
    for (const char* wrong :
         {"Always", "on-failure:x", "on-failure:-1", "always:1", "no:1", "sometimes", ":1"})
        EXPECT_THROW(parse_restart_policy(wrong), Error) << wrong;
}

TEST(RestartPolicy, DecidesByPolicyStatusAndCount) {
    EXPECT_FALSE(starts_again(parse_restart_policy("no"), 1, 0));
    EXPECT_TRUE(starts_again(parse_restart_policy("always"), 0, 1000));
    EXPECT_TRUE(starts_again(parse_restart_policy("unless-stopped"), 0, 1000));
    EXPECT_FALSE(starts_again(parse_restart_policy("on-failure"), 0, 0));
    EXPECT_TRUE(starts_again(parse_restart_policy("on-failure"), 137, 1000));
    EXPECT_TRUE(starts_again(parse_restart_policy("on-failure:2"), 1, 1));
    EXPECT_FALSE(starts_again(parse_restart_policy("on-failure:2"), 1, 2));
}

TEST(BackOff, DoublesUpToAMinuteAndForgetsAfterALongRun) {
    BackOff back_off;
    for (const int wanted :
         {100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000})
        EXPECT_EQ(back_off.next(milliseconds(5)), milliseconds(wanted));
    EXPECT_EQ(back_off.next(seconds(10)), milliseconds(100));
    EXPECT_EQ(back_off.next(seconds(9)), milliseconds(200));
}

}  // namespace
}  // namespace skiff::engine
