// SPDX-License-Identifier: Apache-2.0
#include "engine/config.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::engine {
namespace {

std::string complaint(const std::string& text) {
    try {
        parse_config(text, "f.yaml");
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

TEST(Config, AnEmptyFileIsTheDefaults) {
    EXPECT_FALSE(parse_config("", "f").no_new_privileges);
    EXPECT_FALSE(parse_config("# nothing\n", "f").no_new_privileges);
}

TEST(Config, SwitchesNoNewPrivilegesOn) {
    EXPECT_TRUE(parse_config("no_new_privileges: true\n", "f").no_new_privileges);
    EXPECT_FALSE(parse_config("no_new_privileges: false\n", "f").no_new_privileges);
}

TEST(Config, AFaultNamesFileLineAndWhatWasExpected) {
    EXPECT_EQ(complaint("\nno_new_privileges: maybe\n"),
              "f.yaml:2:20: 'no_new_privileges' must be true or false");
    EXPECT_EQ(complaint("no_new_privilege: true\n"),
              "f.yaml:1:1: unknown key \"no_new_privilege\"; known are: no_new_privileges, "
              "registries");
    EXPECT_EQ(complaint("- a\n"), "f.yaml:1:1: expected 'key: value' lines");
    EXPECT_NE(complaint("a: [\n"), "");
}

TEST(Config, ReadsRegistries) {
    const Config config = parse_config(
        "registries:\n"
        "  docker.io:\n"
        "    mirrors: [mirror.test/hub, {location: other.test, insecure: true}]\n"
        "  example.test/team:\n"
        "    {location: 'new.test:5000/t', ca: /ca.pem, cert: /c.pem, key: /k.pem, proxy: '', "
        "timeout: 5}\n",
        "f");
    ASSERT_EQ(config.registries.size(), 2U);
    ASSERT_EQ(config.registries[0].mirrors.size(), 2U);
    EXPECT_EQ(config.registries[0].mirrors[0].location, "mirror.test/hub");
    EXPECT_TRUE(config.registries[0].mirrors[1].insecure);
    EXPECT_EQ(config.registries[1].location, "new.test:5000/t");
    EXPECT_EQ(config.registries[1].proxy, "");
    EXPECT_EQ(config.registries[1].timeout, std::chrono::seconds(5));
}

TEST(Config, AFaultInARegistryNamesItsLine) {
    EXPECT_EQ(complaint("registries:\n  a.test:\n    insecure: perhaps\n"),
              "f.yaml:3:15: 'insecure' must be true or false");
    EXPECT_EQ(complaint("registries:\n  a.test: {location: 'https://a.test'}\n"),
              "f.yaml:2:22: 'location' must be host[:port][/path], not \"https://a.test\"");
    EXPECT_EQ(complaint("registries:\n  a.test: {cert: /c.pem}\n"),
              "f.yaml:2:11: 'cert' and 'key' come together");
    EXPECT_EQ(complaint("registries:\n  a.test: {timeout: 0}\n"),
              "f.yaml:2:21: 'timeout' must be a number of seconds, 1 to 86400");
}

}  // namespace
}  // namespace skiff::engine
