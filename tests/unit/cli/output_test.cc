// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace skiff::cli {
namespace {

using namespace std::chrono_literals;

TEST(Table, PadsColumnsByDisplayWidthAndThreeBlanks) {
    Table table({"NAMES", "STATUS", "PORTS"});
    table.add({"web", "Up 8 seconds", ""});
    table.add({"日本", "Up", "80/tcp"});
    EXPECT_EQ(table.text(),
              "NAMES   STATUS         PORTS\n"
              "web     Up 8 seconds   \n"
              "日本    Up             80/tcp\n");
}

TEST(DisplayWidth, CountsColumnsNotBytes) {
    EXPECT_EQ(display_width("abc"), 3U);
    EXPECT_EQ(display_width("…é"), 2U);
    EXPECT_EQ(display_width("日本"), 4U);
    EXPECT_EQ(display_width("e\u0301"), 1U);
    EXPECT_EQ(display_width("\xff\xc3"), 2U);
}

TEST(Shortened, KeepsWholeCharactersAndTheWidth) {
    EXPECT_EQ(shortened("sh -c 'echo out; echo err'", 20), "sh -c 'echo out; ec…");
    EXPECT_EQ(shortened("short", 20), "short");
    EXPECT_EQ(shortened("日本語", 4), "日…");
}

TEST(HumanDuration, SpeaksAsDockerDoes) {
    EXPECT_EQ(human_duration(-5s), "Less than a second");
    EXPECT_EQ(human_duration(900ms), "Less than a second");
    EXPECT_EQ(human_duration(1999ms), "1 second");
    EXPECT_EQ(human_duration(59s), "59 seconds");
    EXPECT_EQ(human_duration(60s), "About a minute");
    EXPECT_EQ(human_duration(119s), "About a minute");
    EXPECT_EQ(human_duration(59min + 59s), "59 minutes");
    EXPECT_EQ(human_duration(60min), "About an hour");
    EXPECT_EQ(human_duration(89min), "About an hour");
    EXPECT_EQ(human_duration(90min), "2 hours");
    EXPECT_EQ(human_duration(47h), "47 hours");
    EXPECT_EQ(human_duration(48h), "2 days");
    EXPECT_EQ(human_duration(24h * 14), "2 weeks");
    EXPECT_EQ(human_duration(24h * 60), "2 months");
    EXPECT_EQ(human_duration(24h * 365 * 2), "2 years");
}

TEST(TimeAgo, KnowsThatSomethingNeverWas) {
    const Timestamp reference = now();
    EXPECT_EQ(time_ago(reference - 9s, reference), "9 seconds ago");
    EXPECT_EQ(time_ago(Timestamp{}, reference), "N/A");
}

TEST(HumanSize, RoundsToSignificantDigits) {
    EXPECT_EQ(human_size(0), "0B");
    EXPECT_EQ(human_size(3), "3B");
    EXPECT_EQ(human_size(999), "999B");
    EXPECT_EQ(human_size(1000), "1kB");
    EXPECT_EQ(human_size(1984216), "1.98MB");
    EXPECT_EQ(human_size(1984216, 4), "1.984MB");
    EXPECT_EQ(human_size(999'600), "1MB");
    EXPECT_EQ(human_size(999'960, 4), "1MB");
    EXPECT_EQ(human_size(125'000'000), "125MB");
    EXPECT_EQ(human_size(18'446'744'073'709'551'615U), "18.4EB");
}

TEST(ShortId, CutsDigestsAndIds) {
    EXPECT_EQ(short_id("sha256:1e54b491e1ed9a5db0fe"), "1e54b491e1ed");
    EXPECT_EQ(short_id("c141fea36b6efbb5fdb3"), "c141fea36b6e");
    EXPECT_EQ(short_id("abc"), "abc");
}

TEST(ExitCode, FollowsTheErrorAndTheKindOfCommand) {
    EXPECT_EQ(exit_code_of(ErrorKind::not_found, ExitRules::objects), ExitCode{1});
    EXPECT_EQ(exit_code_of(ErrorKind::not_found, ExitRules::program), ExitCode{125});
    EXPECT_EQ(exit_code_of(ErrorKind::in_use, ExitRules::objects), ExitCode{2});
    EXPECT_EQ(exit_code_of(ErrorKind::in_use, ExitRules::program), ExitCode{125});
    EXPECT_EQ(exit_code_of(ErrorKind::cannot_execute, ExitRules::program), ExitCode{126});
    EXPECT_EQ(exit_code_of(ErrorKind::command_missing, ExitRules::program), ExitCode{127});
    EXPECT_EQ(exit_code_of(ErrorKind::system, ExitRules::objects), ExitCode{125});
    EXPECT_EQ(worse_of(ExitCode{1}, ExitCode{2}), ExitCode{2});
    EXPECT_EQ(worse_of(ExitCode{125}, ExitCode{2}), ExitCode{125});
}

}  // namespace
}  // namespace skiff::cli
