// SPDX-License-Identifier: Apache-2.0
// Expectations of ParseDuration and String() come from a run of Go 1.19's own.
#include "base/duration.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff {
namespace {

using namespace std::chrono_literals;

std::string refusal_of(std::string_view text) {
    try {
        return "taken as " + duration_text(parse_duration(text));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
}

TEST(ParseDuration, ReadsAndPrintsAsGoDoes) {
    struct Case {
        std::string_view text;
        std::int64_t nanoseconds;
        std::string_view printed;
    };
    for (const Case& c : {Case{"0", 0, "0s"},
                          {"+0", 0, "0s"},
                          {"5s", 5'000'000'000, "5s"},
                          {"-5s", -5'000'000'000, "-5s"},
                          {"1h30m", 5'400'000'000'000, "1h30m0s"},
                          {"1.5s", 1'500'000'000, "1.5s"},
                          {"100ms", 100'000'000, "100ms"},
                          {"2h45m30.5s", 9'930'500'000'000, "2h45m30.5s"},
                          {".5h", 1'800'000'000'000, "30m0s"},
                          {"1.s", 1'000'000'000, "1s"},
                          {"1.1s", 1'100'000'000, "1.1s"},
                          {"9223372036854775807ns", INT64_MAX, "2562047h47m16.854775807s"},
                          {"-9223372036854775808ns", INT64_MIN, "-2562047h47m16.854775808s"},
                          {"1us", 1'000, "1µs"},
                          {"1\u00b5s", 1'000, "1µs"},
                          {"1\u03bcs", 1'000, "1µs"},
                          {"0.1ns", 0, "0s"},
                          {"12ns", 12, "12ns"},
                          {"0.100000000000000000000h", 360'000'000'000, "6m0s"},
                          {"0.3333333333333333333h", 1'200'000'000'000, "20m0s"},
                          {"39h9m14.425s", 140'954'425'000'000, "39h9m14.425s"}}) {
        EXPECT_EQ(parse_duration(c.text).count(), c.nanoseconds) << c.text;
        EXPECT_EQ(duration_text(std::chrono::nanoseconds(c.nanoseconds)), c.printed);
    }
}

TEST(ParseDuration, RefusesInGosWords) {
    EXPECT_EQ(refusal_of(""), R"(time: invalid duration "")");
    for (const std::string text : {"-", "+", ".s", "-.s", "9223372036854775808ns", "2562048h",
                                   "3000000h", "99999999999999999999s"})
        EXPECT_EQ(refusal_of(text), "time: invalid duration \"" + text + "\"");
    EXPECT_EQ(refusal_of("10"), R"(time: missing unit in duration "10")");
    EXPECT_EQ(refusal_of("1."), R"(time: missing unit in duration "1.")");
    EXPECT_EQ(refusal_of("1h2x"), R"(time: unknown unit "x" in duration "1h2x")");
    EXPECT_EQ(refusal_of("1e3s"), R"(time: unknown unit "e" in duration "1e3s")");
    EXPECT_EQ(refusal_of("1 s"), R"(time: unknown unit " s" in duration "1 s")");
    EXPECT_EQ(refusal_of("\x85s"), R"(time: invalid duration "\x85s")");
}

TEST(HumanDuration, SpeaksAsDockerDoes) {
    EXPECT_EQ(human_duration(-5s), "Less than a second");
    EXPECT_EQ(human_duration(450ms), "Less than a second");
    EXPECT_EQ(human_duration(1999ms), "1 second");
    EXPECT_EQ(human_duration(47s), "47 seconds");
    EXPECT_EQ(human_duration(60s), "About a minute");
    EXPECT_EQ(human_duration(119s), "About a minute");
    EXPECT_EQ(human_duration(120s), "2 minutes");
    EXPECT_EQ(human_duration(59min + 59s), "59 minutes");
    EXPECT_EQ(human_duration(60min), "About an hour");
    EXPECT_EQ(human_duration(89min), "About an hour");
    EXPECT_EQ(human_duration(90min), "2 hours");
    EXPECT_EQ(human_duration(47h), "47 hours");
    EXPECT_EQ(human_duration(47h + 30min), "2 days");
    EXPECT_EQ(human_duration(48h), "2 days");
    EXPECT_EQ(human_duration(24h * 13), "13 days");
    EXPECT_EQ(human_duration(24h * 14), "2 weeks");
    EXPECT_EQ(human_duration(24h * 59), "8 weeks");
    EXPECT_EQ(human_duration(24h * 60), "2 months");
    EXPECT_EQ(human_duration(24h * 365), "12 months");
    EXPECT_EQ(human_duration(24h * 365 * 2 - 1h), "24 months");
    EXPECT_EQ(human_duration(24h * 365 * 2), "2 years");
    EXPECT_EQ(human_duration(24h * 365 * 3 - 20min), "2 years");
}

TEST(TimeAgo, KnowsThatSomethingNeverWas) {
    const Timestamp reference = now();
    EXPECT_EQ(time_ago(reference - 9s, reference), "9 seconds ago");
    EXPECT_EQ(time_ago(Timestamp{}, reference), "N/A");
}

}  // namespace
}  // namespace skiff
