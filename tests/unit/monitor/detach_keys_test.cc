// SPDX-License-Identifier: Apache-2.0
#include "monitor/detach_keys.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::monitor {
namespace {

TEST(DetachKeys, AreReadAsDockerReadsThem) {
    EXPECT_EQ(parse_detach_keys(""), default_detach_keys);
    EXPECT_EQ(parse_detach_keys("ctrl-p,ctrl-q"), default_detach_keys);
    EXPECT_EQ(parse_detach_keys("a,ctrl-@,CTRL-[,ctrl-_"), std::string("a\0\x1b\x1f", 4));
    for (const char* bad : {"ctrl-", "ctrl-1", "ab", "a,,b", "ctrl-ab", ","})
        EXPECT_THROW(parse_detach_keys(bad), Error) << bad;
}

TEST(DetachKeys, AreFoundAcrossReadsAndNotPassedOn) {
    DetachKeys keys("\x10\x11");
    std::string passed;
    EXPECT_FALSE(keys.filter("ls\n\x10", passed));
    EXPECT_EQ(passed, "ls\n");
    EXPECT_TRUE(keys.filter("\x11 dropped", passed));
    EXPECT_EQ(passed, "ls\n");
}

TEST(DetachKeys, ABeginningThatGoesOnOtherwiseIsPassedWhole) {
    DetachKeys keys("aab");
    std::string passed;
    EXPECT_FALSE(keys.filter("aac", passed));
    EXPECT_EQ(passed, "aac");
    EXPECT_TRUE(keys.filter("aaab", passed)) << "the sequence may begin inside a failed one";
    EXPECT_EQ(passed, "aaca");
    DetachKeys none("");
    EXPECT_FALSE(none.filter("\x10\x11", passed));
}

}  // namespace
}  // namespace skiff::monitor
