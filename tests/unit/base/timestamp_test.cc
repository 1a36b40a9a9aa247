// SPDX-License-Identifier: Apache-2.0
#include "base/timestamp.h"

#include <gtest/gtest.h>

namespace skiff {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

TEST(Timestamp, IsPrintedAsGoPrintsIt) {
    const Timestamp time{seconds(1763782087) + nanoseconds(15242800)};
    EXPECT_EQ(to_rfc3339(time), "2025-11-22T03:28:07.0152428Z");
    EXPECT_EQ(to_rfc3339_nine_digits(time), "2025-11-22T03:28:07.015242800Z");
    EXPECT_EQ(to_rfc3339(Timestamp{}), "0001-01-01T00:00:00Z");
}

TEST(Timestamp, IsReadBackWithFractionsAndOffsets) {
    const Timestamp time{seconds(1763782087) + nanoseconds(15242800)};
    EXPECT_EQ(parse_rfc3339("2025-11-22T03:28:07.0152428Z"), time);
    EXPECT_EQ(parse_rfc3339("2025-11-22T05:28:07.0152428+02:00"), time);
    EXPECT_FALSE(parse_rfc3339("2025-11-22T03:28:07"));
    EXPECT_FALSE(parse_rfc3339("2025-13-22T03:28:07Z"));
    EXPECT_FALSE(parse_rfc3339("2025-11-22T03:28:07.Z"));
    EXPECT_FALSE(parse_rfc3339(""));
}

}  // namespace
}  // namespace skiff
