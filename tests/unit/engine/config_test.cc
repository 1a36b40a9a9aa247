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
              "f.yaml:1:1: unknown key \"no_new_privilege\"; known is: no_new_privileges");
    EXPECT_EQ(complaint("- a\n"), "f.yaml:1:1: expected 'key: value' lines");
    EXPECT_NE(complaint("a: [\n"), "");
}

}  // namespace
}  // namespace skiff::engine
