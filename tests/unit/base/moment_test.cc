// SPDX-License-Identifier: Apache-2.0
// Go's texts come from a run of Go 1.19's time.Parse with the same layouts.
#include "base/moment.h"

#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff {
namespace {

/// Sets TZ for a test; the zone needs no file ("XYZ-2": two hours east, called XYZ).
class Zone {
  public:
    explicit Zone(const char* zone) {
        if (const char* old = std::getenv("TZ")) old_ = old;
        setenv("TZ", zone, 1);
    }
    ~Zone() { old_ ? setenv("TZ", old_->c_str(), 1) : unsetenv("TZ"); }

  private:
    std::optional<std::string> old_;
};

const Timestamp reference = *parse_rfc3339("2026-11-22T10:00:00.5Z");

std::string read(std::string_view text) {
    try {
        return to_rfc3339(parse_moment(text, reference));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
}

TEST(ParseMoment, TakesEveryFormThatDockerTakes) {
    const Zone zone("XYZ-2");
    struct Case {
        std::string_view text;
        std::string_view time;
    };
    for (const Case& c : {Case{"10m", "2026-11-22T09:50:00.5Z"},
                          {"1h30m", "2026-11-22T08:30:00.5Z"},
                          {"-1s", "2026-11-22T10:00:01.5Z"},
                          {"0s", "2026-11-22T10:00:00.5Z"},
                          {"2026-11-22T03:28:07Z", "2026-11-22T03:28:07Z"},
                          {"2026-11-22T03:28:07.25Z", "2026-11-22T03:28:07.25Z"},
                          {"2026-11-22T03:28:07.123456789+01:00", "2026-11-22T02:28:07.123456789Z"},
                          {"2026-11-22T03:28:07-01:30", "2026-11-22T04:58:07Z"},
                          {"2026-11-22T03:28:07", "2026-11-22T01:28:07Z"},
                          {"2026-11-22T03:28:07.5", "2026-11-22T01:28:07.5Z"},
                          {"2026-11-22T03:28", "2026-11-22T01:28:00Z"},
                          {"2026-11-22T03", "2026-11-22T01:00:00Z"},
                          {"2026-11-22T03Z", "2026-11-22T03:00:00Z"},
                          {"2026-11-22T03:28+00:00", "2026-11-22T03:28:00Z"},
                          {"2026-11-22", "2026-11-21T22:00:00Z"},
                          {"2026-11-22Z", "2026-11-22T00:00:00Z"},
                          {"2026-11-22+01:00", "2026-11-21T23:00:00Z"},
                          {"1136073600", "2006-01-01T00:00:00Z"},
                          {"1136073600.25", "2006-01-01T00:00:00.25Z"},
                          {"1136073600.000000001", "2006-01-01T00:00:00.000000001Z"}})
        EXPECT_EQ(read(c.text), c.time) << c.text;
}

TEST(ParseMoment, KeepsToWhatATimestampHolds) {
    EXPECT_EQ(parse_moment("0001-01-01T00:00:00Z", reference), Timestamp::min());
    EXPECT_EQ(parse_moment("9999-12-31", reference), Timestamp::max());
    EXPECT_EQ(parse_moment("99999999999999", reference), Timestamp::max());
    EXPECT_EQ(parse_moment("-2562047h", reference), Timestamp::max());
}

TEST(ParseMoment, RefusesInGosAndDockersWords) {
    for (const std::string text :
         {"", "bogus", "10", "1x", "1136073600.", "1136073600.x", "12:30"}) {
        const std::string expected =
            text == "10" ? "1970-01-01T00:00:10Z"
                         : "failed to parse value as time or duration: \"" + text + "\"";
        EXPECT_EQ(read(text), expected);
    }
    EXPECT_EQ(read("2026-13-01"), R"(parsing time "2026-13-01": month out of range)");
    EXPECT_EQ(read("2026-02-30"), R"(parsing time "2026-02-30": day out of range)");
    EXPECT_EQ(read("2026-1-01"),
              R"(parsing time "2026-1-01" as "2006-01-02": cannot parse "1-01" as "01")");
    EXPECT_EQ(read("2026-01"), R"(parsing time "2026-01" as "2006-01-02": cannot parse "" as "-")");
    EXPECT_EQ(read("2026-02-03T25:00:00"),
              R"(parsing time "2026-02-03T25:00:00": hour out of range)");
    EXPECT_EQ(read("2026-02-03T05:61"), R"(parsing time "2026-02-03T05:61": minute out of range)");
    EXPECT_EQ(read("2026-02-03T05x"), R"(parsing time "2026-02-03T05x": extra text: "x")");
    EXPECT_EQ(read("2026-02-03T01:02:60Z"),
              R"(parsing time "2026-02-03T01:02:60Z": second out of range)");
    EXPECT_EQ(read("2026-02-03+0200"),
              R"(parsing time "2026-02-03+0200" as "2006-01-02Z07:00": cannot parse "+0200" as )"
              R"("Z07:00")");
    EXPECT_EQ(read("2026-02-03T01:02:03.x"),
              R"(parsing time "2026-02-03T01:02:03.x": extra text: ".x")");
    EXPECT_EQ(read("not-a-date"),
              R"(parsing time "not-a-date" as "2006-01-02": cannot parse "not-a-date" as "2006")");
}

TEST(LocalText, IsGosTimeInTheCallersZone) {
    const Timestamp time = *parse_rfc3339("2026-11-22T03:28:06.7Z");
    {
        const Zone zone("UTC0");
        EXPECT_EQ(local_text(time), "2026-11-22 03:28:06 +0000 UTC");
        EXPECT_EQ(local_rfc3339(time), "2026-11-22T03:28:06Z");
    }
    {
        const Zone zone("ABC3:30");
        EXPECT_EQ(local_text(time), "2026-11-21 23:58:06 -0330 ABC");
        EXPECT_EQ(local_rfc3339(time), "2026-11-21T23:58:06-03:30");
    }
    EXPECT_EQ(local_text(Timestamp{}), "0001-01-01 00:00:00 +0000 UTC");
}

}  // namespace
}  // namespace skiff
