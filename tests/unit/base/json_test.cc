// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"

namespace skiff {
namespace {

std::string nested(std::size_t depth) {
    return std::string(depth, '[') + std::string(depth, ']');
}

TEST(Json, IsNestedToABound) {
    EXPECT_NO_THROW(parse_json(nested(128), "it"));
    EXPECT_THROW(parse_json(nested(129), "it"), Error);
    EXPECT_THROW(parse_json(std::string(1000000, '['), "it"), Error);
}

TEST(Json, MayHoldBracketsInItsStrings) {
    const std::string text = R"(\"\\)" + std::string(1000, '[');
    EXPECT_EQ(parse_json("[\"" + text + "\"]", "it")[0].get<std::string>(),
              "\"\\" + std::string(1000, '['));
}

TEST(Json, IsRefusedWhereAStringDoesNotEnd) {
    for (const char* text : {"\"", "[\"\\", "{\"a\":\"b", "]]]"})
        EXPECT_THROW(parse_json(text, "it"), Error) << text;
}

}  // namespace
}  // namespace skiff
