// SPDX-License-Identifier: Apache-2.0
#include "engine/container/session_end.h"

#include <gtest/gtest.h>

namespace skiff::engine {
namespace {

constexpr std::string_view below_manager =
    "0::/user.slice/user-1000.slice/user@1000.service/app.slice/skiff-1.scope\n";

TEST(SessionEnd, BelowTheUserManagerAContainerEndsWithTheLogins) {
    EXPECT_EQ(session_end_warning({.cgroups = below_manager, .uid = 1000, .user = "joe"}),
              "the container ends when joe has logged out everywhere (to keep it: loginctl "
              "enable-linger joe)");
}

TEST(SessionEnd, LingeringKeepsIt) {
    EXPECT_FALSE(session_end_warning(
        {.cgroups = below_manager, .uid = 1000, .user = "joe", .lingers = true}));
}

TEST(SessionEnd, ASessionsOwnScopeStaysWithItsProcesses) {
    EXPECT_FALSE(session_end_warning({.cgroups = "0::/user.slice/user-1000.slice/session-3.scope\n",
                                      .uid = 1000,
                                      .user = "joe"}));
}

TEST(SessionEnd, AServiceOfTheSystemOutlivesEveryLogin) {
    EXPECT_FALSE(session_end_warning(
        {.cgroups = "0::/system.slice/ci-runner.service\n", .uid = 1000, .user = "joe"}));
}

TEST(SessionEnd, TheManagerOfSomebodyElseIsNotOurs) {
    EXPECT_FALSE(session_end_warning({.cgroups = below_manager, .uid = 100, .user = "eve"}));
}

TEST(SessionEnd, SystemdsOwnHierarchyOfVersion1Counts) {
    EXPECT_TRUE(session_end_warning(
        {.cgroups = "12:pids:/\n1:name=systemd:/user.slice/user-7.slice/user@7.service/x.scope\n",
         .uid = 7,
         .user = "joe"}));
}

}  // namespace
}  // namespace skiff::engine
