// SPDX-License-Identifier: Apache-2.0
#include "base/size.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff {
namespace {

std::string refusal_of(std::string_view text) {
    try {
        return "taken as " + std::to_string(parse_binary_size(text));
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
}

TEST(HumanSize, RoundsToSignificantDigits) {
    EXPECT_EQ(human_size(0), "0B");
    EXPECT_EQ(human_size(3), "3B");
    EXPECT_EQ(human_size(999), "999B");
    EXPECT_EQ(human_size(1000), "1kB");
    EXPECT_EQ(human_size(1024), "1.02kB");
    EXPECT_EQ(human_size(1984216), "1.98MB");
    EXPECT_EQ(human_size(7'656'193), "7.66MB");
    EXPECT_EQ(human_size(1984216, 4), "1.984MB");
    EXPECT_EQ(human_size(125'000'000), "125MB");
    EXPECT_EQ(human_size(18'446'744'073'709'551'615U), "18.4EB");
}

TEST(HumanSize, NeverShowsAnExponent) {
    EXPECT_EQ(human_size(999'499), "999kB");
    EXPECT_EQ(human_size(999'600), "1MB");
    EXPECT_EQ(human_size(999'960, 4), "1MB");
}

TEST(BinarySize, CountsInPowersOf1024) {
    EXPECT_EQ(binary_size(0), "0B");
    EXPECT_EQ(binary_size(1023), "1023B");
    EXPECT_EQ(binary_size(1024), "1KiB");
    EXPECT_EQ(binary_size(323'584), "316KiB");
    EXPECT_EQ(binary_size(64U << 20U), "64MiB");
    EXPECT_EQ(binary_size(25'275'883'520), "23.54GiB");
    EXPECT_EQ(binary_size(std::uint64_t{5} << 60U), "5EiB");
}

TEST(ParseSize, TakesDockersUnits) {
    struct Case {
        std::string_view text;
        std::uint64_t binary;
        std::uint64_t decimal;
    };
    for (const Case& c : {Case{"0", 0, 0},
                          {"32", 32, 32},
                          {"32b", 32, 32},
                          {"32B", 32, 32},
                          {"32 b", 32, 32},
                          {"32k", 32U << 10U, 32'000},
                          {"32K", 32U << 10U, 32'000},
                          {"32kb", 32U << 10U, 32'000},
                          {"32Kib", 32U << 10U, 32'000},
                          {"32 kB", 32U << 10U, 32'000},
                          {"32Mb", 32U << 20U, 32'000'000},
                          {"1.5G", 1536U << 20U, 1'500'000'000},
                          {".5m", 512U << 10U, 500'000},
                          {"5.m", 5U << 20U, 5'000'000},
                          {"+2k", 2048, 2000},
                          {"1e3", 1000, 1000},
                          {"1.9b", 1, 1},
                          {"32Tb", std::uint64_t{32} << 40U, 32'000'000'000'000},
                          {"32 PiB", std::uint64_t{32} << 50U, 32'000'000'000'000'000}}) {
        EXPECT_EQ(parse_binary_size(c.text), c.binary) << c.text;
        EXPECT_EQ(parse_decimal_size(c.text), c.decimal) << c.text;
    }
}

TEST(ParseSize, RefusesInTheWordsOfGoUnits) {
    for (const std::string text :
         {"", "hello", "m", "-32", "-1.5k", "9223372036854775808", "99999999p"})
        EXPECT_EQ(refusal_of(text), "invalid size: '" + text + "'");
    EXPECT_EQ(refusal_of("32mm"), "invalid suffix: 'mm'");
    EXPECT_EQ(refusal_of("32bb"), "invalid suffix: 'bb'");
    EXPECT_EQ(refusal_of("1X"), "invalid suffix: 'x'");
    EXPECT_EQ(refusal_of("1kibs"), "invalid suffix: 'kibs'");
    EXPECT_EQ(refusal_of("10 m m"), "strconv.ParseFloat: parsing \"10 m\": invalid syntax");
    EXPECT_EQ(refusal_of("3.4.5m"), "strconv.ParseFloat: parsing \"3.4.5\": invalid syntax");
    EXPECT_EQ(refusal_of(" 1"), "strconv.ParseFloat: parsing \" 1\": invalid syntax");
    EXPECT_EQ(refusal_of(" "), "strconv.ParseFloat: parsing \"\": invalid syntax");
    EXPECT_EQ(refusal_of("1e999"), "strconv.ParseFloat: parsing \"1e999\": value out of range");
}

TEST(ParseSize, RefusesWhatIsNoAmount) {
    for (const char* text : {"inf0", "nan0", "+-1", "0x10"})
        EXPECT_FALSE(refusal_of(text).starts_with("taken")) << text;
}

}  // namespace
}  // namespace skiff
