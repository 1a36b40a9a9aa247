// SPDX-License-Identifier: Apache-2.0
#include "cli/output.h"

#include <gtest/gtest.h>

#include "cli/exit_code.h"

namespace skiff::cli {
namespace {

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
