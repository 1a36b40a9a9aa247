// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/subordinate_ids.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::runtime {
namespace {

using Ranges = std::vector<SubordinateRange>;

Ranges parse(std::string_view text) {
    return parse_subordinate_ids(text, "/etc/subuid", {"ann", 1000, 1000});
}

std::string failure(std::string_view text) {
    try {
        parse(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
    return "no error";
}

TEST(SubordinateIds, AreFoundByNameAndByNumber) {
    EXPECT_EQ(parse("bob:1:2\nann:100000:65536\n"), (Ranges{{100000, 65536}}));
    EXPECT_EQ(parse("1000:200000:10"), (Ranges{{200000, 10}}));
    EXPECT_EQ(parse("annette:100000:65536\n10000:5:6\n"), Ranges{});
    EXPECT_EQ(parse(""), Ranges{});
}

TEST(SubordinateIds, KeepTheOrderOfTheFile) {
    EXPECT_EQ(parse("ann:300000:10\n1000:200000:10\n"), (Ranges{{300000, 10}, {200000, 10}}));
}

TEST(SubordinateIds, MergeRangesThatAdjoinOrOverlap) {
    EXPECT_EQ(parse("ann:100000:10\nann:100010:10\n"), (Ranges{{100000, 20}}));
    EXPECT_EQ(parse("ann:100000:10\nann:100005:10\n"), (Ranges{{100000, 15}}));
    EXPECT_EQ(parse("ann:100000:10\nann:100000:10\n"), (Ranges{{100000, 10}}));
    EXPECT_EQ(parse("ann:100010:10\nann:100000:30\n"),
              (Ranges{{100010, 10}, {100000, 10}, {100020, 10}}));
}

TEST(SubordinateIds, SkipOtherPeoplesNonsense) {
    EXPECT_EQ(parse("# comment\nbob:x:y\n::::\n\nann:100000:1\n"), (Ranges{{100000, 1}}));
}

TEST(SubordinateIds, OfAnUnnamedUserAreNotThoseOfAnEmptyName) {
    EXPECT_EQ(parse_subordinate_ids(":100000:5\n", "f", {"", 1000, 1000}), Ranges{});
}

TEST(SubordinateIds, MalformedLinesNameTheFileAndTheLine) {
    EXPECT_EQ(failure("\nann:100000\n"), "'/etc/subuid', line 2: expected 'user:first id:count'");
    EXPECT_EQ(failure("ann:-1:5"), "'/etc/subuid', line 1: expected 'user:first id:count'");
    EXPECT_EQ(failure("ann:1e5:5"), "'/etc/subuid', line 1: expected 'user:first id:count'");
}

TEST(SubordinateIds, RefuseRangesThatOverflow) {
    EXPECT_NE(failure("ann:4294967290:10").find("ends above 4294967294"), std::string::npos);
    EXPECT_NE(failure("ann:100000:0").find("empty"), std::string::npos);
    EXPECT_NE(failure("ann:4294967295:1").find("ends above"), std::string::npos);
    EXPECT_EQ(parse("ann:4294967290:5"), (Ranges{{4294967290, 5}}));
}

TEST(SubordinateIds, RefuseRangesWithRootOrTheUserItself) {
    EXPECT_NE(failure("ann:0:100").find("contains root's id 0"), std::string::npos);
    EXPECT_NE(failure("ann:999:2").find("contains the user's own id 1000"), std::string::npos);
    EXPECT_EQ(parse("ann:1001:2"), (Ranges{{1001, 2}}));
    EXPECT_EQ(parse("ann:998:2"), (Ranges{{998, 2}}));
}

TEST(SubordinateIds, UserNamesComeFromThePasswdText) {
    constexpr std::string_view passwd =
        "root:x:0:0:root:/root:/bin/sh\nbad\nann:x:1000:1000::/home/ann:\n";
    EXPECT_EQ(find_user_name(passwd, 1000), "ann");
    EXPECT_EQ(find_user_name(passwd, 1), "");
}

}  // namespace
}  // namespace skiff::runtime
