// SPDX-License-Identifier: Apache-2.0
#include "base/display_width.h"

#include <gtest/gtest.h>

namespace skiff {
namespace {

TEST(DisplayWidth, CountsColumnsNotBytes) {
    EXPECT_EQ(display_width(""), 0U);
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("…é"), 2U);
    EXPECT_EQ(display_width("日本"), 4U);
    EXPECT_EQ(display_width("한국"), 4U);
    EXPECT_EQ(display_width("Ａ"), 2U);       // fullwidth
    EXPECT_EQ(display_width("e\u0301"), 1U);  // combining
    EXPECT_EQ(display_width("\u1112\u1161\u11ab"), 2U);
    EXPECT_EQ(display_width("🐳🚀"), 4U);
    EXPECT_EQ(display_width("a\u200bb"), 2U);  // zero width space
    EXPECT_EQ(display_width("\U00020000"), 2U);
}

TEST(DisplayWidth, CountsEachByteThatIsNotUtf8) {
    EXPECT_EQ(display_width("\xff\xc3"), 2U);
    EXPECT_EQ(display_width("\xe6\x97"), 2U);
}

TEST(Shortened, KeepsWholeCharactersAndTheWidth) {
    EXPECT_EQ(shortened("sh -c 'echo out; echo err'", 20), "sh -c 'echo out; ec…");
    EXPECT_EQ(shortened("short", 20), "short");
    EXPECT_EQ(shortened("exactly five", 12), "exactly five");
    EXPECT_EQ(shortened("日本語", 6), "日本語");
    EXPECT_EQ(shortened("日本語", 5), "日本…");
    EXPECT_EQ(shortened("日本語", 4), "日…");
    EXPECT_EQ(shortened("日本語", 1), "…");
}

}  // namespace
}  // namespace skiff
