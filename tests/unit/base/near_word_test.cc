// SPDX-License-Identifier: Apache-2.0
#include "base/near_word.h"

#include <array>
#include <string>

#include <gtest/gtest.h>

using namespace skiff;

TEST(NearWord, CountsEdits) {
    EXPECT_EQ(edit_distance("", "abc"), 3U);
    EXPECT_EQ(edit_distance("run", "rum"), 1U);
    EXPECT_EQ(edit_distance("xyz", "yxz"), 1U);
    EXPECT_EQ(edit_distance("abc", "abc"), 0U);
}

TEST(NearWord, FindsWhatWasMeant) {
    constexpr std::array<std::string_view, 4> known = {"RUN", "COPY", "ENTRYPOINT", ""};
    EXPECT_EQ(near_word("RUM", known), "RUN");
    EXPECT_EQ(near_word("COYPE", known), "COPY");
    EXPECT_EQ(near_word("FOO", known), "");
    EXPECT_EQ(near_word("RX", known), "");
    EXPECT_EQ(near_word("", known), "");
    EXPECT_EQ(near_word(std::string(1 << 20, 'x'), known), "");
}
