// SPDX-License-Identifier: Apache-2.0
#include "base/text.h"

#include <gtest/gtest.h>

namespace skiff {
namespace {

TEST(ParseNumber, RefusesSignsBlanksAndOverflow) {
    EXPECT_EQ(parse_number<unsigned>("42"), 42U);
    EXPECT_FALSE(parse_number<unsigned>("-1"));
    EXPECT_FALSE(parse_number<unsigned>("+1"));
    EXPECT_FALSE(parse_number<unsigned>(" 1"));
    EXPECT_FALSE(parse_number<unsigned>("1x"));
    EXPECT_FALSE(parse_number<unsigned>(""));
    EXPECT_FALSE(parse_number<unsigned>("4294967296"));
}

TEST(Printable, MakesEscapeSequencesVisible) {
    EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
    EXPECT_EQ(printable("caf\xc3\xa9"), "caf\xc3\xa9");
    EXPECT_EQ(printable("\xc2\x9b"), "\\x9b");  // the one-character CSI
    EXPECT_EQ(printable("\xff"), "?");
}

TEST(Quoted, EscapesAsGoDoes) {
    EXPECT_EQ(quoted("a\"b\\\n"), "\"a\\\"b\\\\\\n\"");
    EXPECT_EQ(quoted("\x1b"), "\"\\x1b\"");
}

}  // namespace
}  // namespace skiff
