// SPDX-License-Identifier: Apache-2.0
#include "format/columns.h"

#include <gtest/gtest.h>

namespace skiff::format {
namespace {

TEST(Columns, AreTenWideOrThreeMoreThanTheWidestCell) {
    EXPECT_EQ(align_columns("NAMES\tSTATUS\tPORTS\nweb\tUp 8 seconds\t80/tcp\n"),
              "NAMES     STATUS         PORTS\n"
              "web       Up 8 seconds   80/tcp\n");
}

TEST(Columns, LeaveTheLastCellAlone) {
    EXPECT_EQ(align_columns("A\tB\na\t\n"), "A         B\na         \n");
    EXPECT_EQ(align_columns("one line of text\n"), "one line of text\n");
    EXPECT_EQ(align_columns(""), "");
}

TEST(Columns, EndWhereALineHasNoSuchCell) {
    EXPECT_EQ(align_columns("a\tb\nlong long long cell\tb\nnothing\nc\td\n"),
              "a                     b\n"
              "long long long cell   b\n"
              "nothing\n"
              "c         d\n");
}

TEST(Columns, AreMeasuredOnATerminal) {
    EXPECT_EQ(align_columns("日本語日本語\tb\nlatin\tb\ne\u0301\tb\n"),
              "日本語日本語   b\n"
              "latin          b\n"
              "e\u0301              b\n");
}

TEST(Columns, HaveOtherRulesForOtherUses) {
    EXPECT_EQ(align_columns(" Version:\t28.2.2\n OS/Arch:\tlinux/amd64\n", {20, 1}),
              " Version:           28.2.2\n"
              " OS/Arch:           linux/amd64\n");
}

TEST(Columns, MayBeManyBesideManyLines) {
    const std::string tabs(100'000, '\t');
    EXPECT_EQ(align_columns(tabs).size(), 1'000'000U);
    const std::string lines(100'000, '\n');
    EXPECT_EQ(align_columns(tabs + lines).size(), 1'100'000U);
}

}  // namespace
}  // namespace skiff::format
