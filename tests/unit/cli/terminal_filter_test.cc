// SPDX-License-Identifier: Apache-2.0
#include "cli/terminal_filter.h"

#include <gtest/gtest.h>

namespace skiff::cli {
namespace {

std::string harmless(std::string_view text) {
    std::string to;
    append_harmless(to, text);
    return to;
}

TEST(TerminalFilter, TextColoursAndLayoutStay) {
    for (const char* text :
         {"", "plain text\n", "a\tb\r\n", "\x1b[31mred\x1b[0m \x1b[1;38;5;208mx\x1b[m",
          "\x1b[38:2::255:0:0mtrue colour", "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xb3"})
        EXPECT_EQ(harmless(text), text);
}

TEST(TerminalFilter, WhatActsOnATerminalBecomesVisible) {
    EXPECT_EQ(harmless("\x1b]0;title\x07"), "\\x1b]0;title\\x07");
    EXPECT_EQ(harmless("\x1b]52;c;ZWNobw==\x1b\\"), "\\x1b]52;c;ZWNobw==\\x1b\\");
    EXPECT_EQ(harmless("\x1b[2J\x1b[H"), "\\x1b[2J\\x1b[H");
    EXPECT_EQ(harmless("\x1b[6n\x1b[c"), "\\x1b[6n\\x1b[c") << "a terminal would type an answer";
    EXPECT_EQ(harmless("a\bb\x7f\x0e"), "a\\x08b\\x7f\\x0e");
    EXPECT_EQ(harmless("\xc2\x9b"
                       "2J"),
              "\\x9b2J")
        << "CSI of the C1 set";
    EXPECT_EQ(harmless("\x9b"
                       "2J"),
              "?2J");
    EXPECT_EQ(harmless("\x1b[31"), "\\x1b[31") << "cut";
    EXPECT_EQ(harmless("\x1b[?25m"), "\\x1b[?25m");
    EXPECT_EQ(harmless("\x1b[3\x1b[2Jm"), "\\x1b[3\\x1b[2Jm");
    EXPECT_EQ(harmless(std::string_view("\0x", 2)), "\\x00x");
}

}  // namespace
}  // namespace skiff::cli
