// SPDX-License-Identifier: Apache-2.0
#include "format/filters.h"

#include <array>

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::format {
namespace {

Filters filters(std::initializer_list<std::string_view> texts) {
    Filters filters;
    for (const std::string_view text : texts) filters.add(text);
    return filters;
}

template <typename Act>
std::string message_of(Act&& act) {
    try {
        act();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
    return "no error";
}

TEST(Filters, AreNamesAndValues) {
    const Filters given = filters({" Status = exited ", "label=a=b", "status=exited", ""});
    EXPECT_EQ(given.values("status"), std::vector<std::string>{"exited"});
    EXPECT_EQ(given.values("label"), std::vector<std::string>{"a=b"});
    EXPECT_FALSE(given.contains("name"));
    EXPECT_EQ(message_of([] { filters({"status"}); }),
              "bad format of filter (expected name=value)");
}

TEST(Filters, RefuseUnknownNames) {
    constexpr std::array<std::string_view, 2> known{"name", "status"};
    EXPECT_EQ(message_of([&] { filters({"name=x", "bogus=1"}).check_names(known); }),
              "invalid filter 'bogus'");
    filters({"name=x", "STATUS=y"}).check_names(known);
}

TEST(Filters, TakeValuesOfOneNameAsAlternatives) {
    const Filters given = filters({"status=exited", "status=created"});
    EXPECT_TRUE(given.equals("status", "exited"));
    EXPECT_TRUE(given.equals("status", "created"));
    EXPECT_FALSE(given.equals("status", "running"));
    EXPECT_TRUE(given.equals("name", "whatever"));
}

TEST(Filters, MatchPartsByRegularExpressions) {
    EXPECT_TRUE(filters({"name=nde"}).matches("name", "ended"));
    EXPECT_TRUE(filters({"name=^web[0-9]+$"}).matches("name", "web12"));
    EXPECT_TRUE(filters({"name=^web\\d$"}).matches("name", "web1"));
    EXPECT_FALSE(filters({"name=^web\\d$"}).matches("name", "webd"));
    EXPECT_FALSE(filters({"name=^eb"}).matches("name", "web"));
    EXPECT_TRUE(filters({"name=a|b"}).matches("name", "xbx"));
    EXPECT_TRUE(filters({"name=[", "name=web"}).matches("name", "web"));
    EXPECT_FALSE(filters({"name=["}).matches("name", "web"));
}

TEST(Filters, WantEveryLabel) {
    const std::map<std::string, std::string> labels{{"tier", "front"}, {"empty", ""}};
    EXPECT_TRUE(filters({}).match_labels(labels));
    EXPECT_TRUE(filters({"label=tier"}).match_labels(labels));
    EXPECT_TRUE(filters({"label=tier=front", "label=empty"}).match_labels(labels));
    EXPECT_TRUE(filters({"label=empty="}).match_labels(labels));
    EXPECT_FALSE(filters({"label=tier="}).match_labels(labels));
    EXPECT_FALSE(filters({"label=tier=front", "label=nosuch"}).match_labels(labels));
    EXPECT_FALSE(filters({"label=tier=back"}).match_labels(labels));
}

TEST(Filters, LeaveOutWhatHasAnUnwantedLabel) {
    const std::map<std::string, std::string> labels{{"tier", "front"}};
    EXPECT_FALSE(filters({"label!=tier"}).match_labels(labels));
    EXPECT_FALSE(filters({"label!=tier=front"}).match_labels(labels));
    EXPECT_TRUE(filters({"label!=tier=back"}).match_labels(labels));
    EXPECT_TRUE(filters({"label!=keep"}).match_labels(labels));
}

TEST(Filters, HaveYesAndNo) {
    EXPECT_EQ(filters({}).boolean("dangling"), std::nullopt);
    EXPECT_EQ(filters({"dangling=true"}).boolean("dangling"), true);
    EXPECT_EQ(filters({"dangling=1", "dangling=true"}).boolean("dangling"), true);
    EXPECT_EQ(filters({"dangling=0"}).boolean("dangling"), false);
    EXPECT_EQ(message_of([] { filters({"dangling=maybe"}).boolean("dangling"); }),
              "invalid filter 'dangling=[maybe]'");
    EXPECT_EQ(message_of([] { filters({"dangling=1", "dangling=0"}).boolean("dangling"); }),
              "invalid filter 'dangling=[1 0]'");
}

}  // namespace
}  // namespace skiff::format
