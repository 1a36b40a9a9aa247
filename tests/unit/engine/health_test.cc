// SPDX-License-Identifier: Apache-2.0
#include "engine/container/health.h"

#include <gtest/gtest.h>

namespace skiff::engine {
namespace {

monitor::HealthResult result(int exit_code, bool in_start_period = false) {
    monitor::HealthResult result;
    result.exit_code = exit_code;
    result.in_start_period = in_start_period;
    return result;
}

HealthState starting() {
    HealthState state;
    state.status = "starting";
    return state;
}

TEST(Health, ThreeFailuresInARowAreUnhealthyByDefault) {
    HealthState state = starting();
    const HealthConfig config{.test = {"CMD", "x"}};
    take_result(config, result(1), state);
    take_result(config, result(1), state);
    EXPECT_EQ(state.status, "starting");
    take_result(config, result(1), state);
    EXPECT_EQ(state.status, "unhealthy");
    take_result(config, result(0), state);
    EXPECT_EQ(state.status, "healthy");
    EXPECT_EQ(state.failing_streak, 0);
}

TEST(Health, FailuresOfTheStartPeriodDoNotCountBeforeTheFirstSuccess) {
    HealthState state = starting();
    const HealthConfig config{.test = {"CMD", "x"}, .retries = 1};
    take_result(config, result(1, true), state);
    EXPECT_EQ(state.status, "starting");
    take_result(config, result(0, true), state);
    take_result(config, result(1, true), state);
    EXPECT_EQ(state.status, "unhealthy");
}

TEST(Health, FiveResultsAreKept) {
    HealthState state = starting();
    for (int code = 1; code <= 7; ++code) take_result({.test = {"CMD", "x"}}, result(code), state);
    ASSERT_EQ(state.log.size(), 5U);
    EXPECT_EQ(state.log.front().exit_code, 3);
    EXPECT_EQ(state.log.back().exit_code, 7);
}

TEST(Health, TheShellFormIsTheImagesShellsOrSh) {
    using Words = std::vector<std::string>;
    const HealthConfig line{.test = {"CMD-SHELL", "a && b"}};
    EXPECT_EQ(health_command(line, {}), (Words{"/bin/sh", "-c", "a && b"}));
    EXPECT_EQ(health_command(line, {"/bin/ash", "-e", "-c"}),
              (Words{"/bin/ash", "-e", "-c", "a && b"}));
    EXPECT_EQ(health_command({.test = {"CMD", "a", "b"}}, {"/bin/ash", "-c"}), (Words{"a", "b"}));
}

TEST(Health, OptionsReplaceWhatTheyNameOfTheImage) {
    oci::Healthcheck image;
    image.test = {"CMD", "/check"};
    image.interval = std::chrono::seconds(7);
    image.retries = 9;
    HealthRequest request;
    EXPECT_EQ(merge_health(image, request).test, image.test);
    request.timeout = 5;
    EXPECT_EQ(merge_health(image, request).interval, 7'000'000'000);
    EXPECT_EQ(merge_health(image, request).timeout, 5);
    request.command = "true";
    EXPECT_EQ(merge_health(image, request).test, (std::vector<std::string>{"CMD-SHELL", "true"}));
    EXPECT_FALSE(is_checked(merge_health(std::nullopt, {})));
    HealthRequest none;
    none.none = true;
    EXPECT_FALSE(is_checked(merge_health(image, none)));
}

}  // namespace
}  // namespace skiff::engine
