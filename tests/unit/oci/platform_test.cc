// SPDX-License-Identifier: Apache-2.0
#include "oci/platform.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::oci {
namespace {

TEST(Platform, IsReadWithTheNamesOfUname) {
    EXPECT_EQ(parse_platform("linux/x86_64"), (Platform{"linux", "amd64", ""}));
    EXPECT_EQ(parse_platform("aarch64"), (Platform{"linux", "arm64", ""}));
    EXPECT_EQ(parse_platform("Linux/ARM/v7"), (Platform{"linux", "arm", "v7"}));
    EXPECT_EQ(to_string(parse_platform("linux/arm/v7")), "linux/arm/v7");
    EXPECT_EQ(parse_platform("linux"), host_platform());
}

TEST(Platform, RefusesWhatIsNoPlatform) {
    for (const char* text : {"", "/", "linux/", "linux//v8", "a/b/c/d", "linux/am d64", "bogus",
                             "linux/bogus", "bogus/amd64"})
        EXPECT_THROW(parse_platform(text), Error) << text;
}

TEST(Platform, AVariantThatOnlyOneSideNamesMatches) {
    const Platform arm64{"linux", "arm64", ""};
    const Platform arm64_v8{"linux", "arm64", "v8"};
    EXPECT_GT(suitability(arm64, arm64_v8), 0);
    EXPECT_GT(suitability(arm64_v8, arm64), 0);
    EXPECT_EQ(suitability({"linux", "arm", "v6"}, {"linux", "arm", "v7"}), 0);
    EXPECT_EQ(suitability(arm64, {"linux", "amd64", ""}), 0);
}

TEST(Platform, OfOlderVariantsTheNearestServes) {
    const Platform v7{"linux", "arm", "v7"};
    EXPECT_GT(suitability(v7, v7), suitability(v7, {"linux", "arm", ""}));
    EXPECT_GT(suitability(v7, {"linux", "arm", ""}), suitability(v7, {"linux", "arm", "v6"}));
    EXPECT_GT(suitability(v7, {"linux", "arm", "v6"}), suitability(v7, {"linux", "arm", "v5"}));
    EXPECT_EQ(suitability(host_platform(), {"linux", host_platform().architecture, "v99"}), 0);
}

}  // namespace
}  // namespace skiff::oci
