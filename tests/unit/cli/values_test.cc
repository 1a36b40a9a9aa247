// SPDX-License-Identifier: Apache-2.0
#include "cli/values.h"

#include <cstdlib>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/signal_name.h"

namespace skiff::cli {
namespace {

template <typename Act>
std::string message_of(Act&& act) {
    try {
        act();
    } catch (const Error& error) {
        return error.message();
    }
    return "no error";
}

using Strings = std::vector<std::string>;

TEST(ParseUlimit, TakesSoftAndHard) {
    const engine::Ulimit both = parse_ulimit("nofile=10:20");
    EXPECT_EQ(both.name, "nofile");
    EXPECT_EQ(both.soft, 10);
    EXPECT_EQ(both.hard, 20);
    EXPECT_EQ(parse_ulimit("core=0").hard, 0);
    EXPECT_EQ(parse_ulimit("stack=-1").soft, -1);
    EXPECT_EQ(parse_ulimit("nproc=5:-1").hard, -1);
}

TEST(ParseUlimit, SaysWhatIsWrong) {
    const auto problem = [](const char* text) { return message_of([&] { parse_ulimit(text); }); };
    EXPECT_EQ(problem("nofile"), "invalid ulimit argument: nofile");
    EXPECT_EQ(problem("=1"), "invalid ulimit argument: =1");
    EXPECT_EQ(problem("nofile="), "invalid ulimit argument: nofile=");
    EXPECT_EQ(problem("bogus=1"), "invalid ulimit type: bogus");
    EXPECT_EQ(problem("nofile=1:2:3"),
              "too many limit value arguments - 1:2:3, can only have up to two, `soft[:hard]`");
    EXPECT_EQ(problem("nofile=10:5"),
              "ulimit soft limit must be less than or equal to hard limit: 10 > 5");
    EXPECT_EQ(problem("nofile=-1:5"),
              "ulimit soft limit must be less than or equal to hard limit: -1 (unlimited) > 5");
    EXPECT_EQ(problem("nofile=x"), "\"x\" is neither a number nor -1 (unlimited)");
    EXPECT_EQ(problem("nofile=1:"), "\"\" is neither a number nor -1 (unlimited)");
    EXPECT_EQ(problem("nofile=-2"), "\"-2\" is neither a number nor -1 (unlimited)");
}

TEST(ParseEnvironmentEntry, TakesOurValueForABareName) {
    ASSERT_EQ(setenv("SKIFF_TEST_SET", "ours", 1), 0);
    ASSERT_EQ(unsetenv("SKIFF_TEST_UNSET"), 0);
    EXPECT_EQ(parse_environment_entry("A=b=c"), "A=b=c");
    EXPECT_EQ(parse_environment_entry("A="), "A=");
    EXPECT_EQ(parse_environment_entry("SKIFF_TEST_SET"), "SKIFF_TEST_SET=ours");
    EXPECT_EQ(parse_environment_entry("SKIFF_TEST_UNSET"), "SKIFF_TEST_UNSET");
    EXPECT_EQ(message_of([] { parse_environment_entry("=x"); }),
              "invalid environment variable: =x");
    EXPECT_EQ(message_of([] { parse_environment_entry(""); }), "invalid environment variable: ");
}

TEST(ParseEnvironmentFile, FollowsDockersRules) {
    ASSERT_EQ(setenv("SKIFF_TEST_SET", "ours", 1), 0);
    ASSERT_EQ(unsetenv("SKIFF_TEST_UNSET"), 0);
    EXPECT_EQ(
        parse_environment_file("\xef\xbb\xbf"
                               "A=1\n"
                               "# comment\n"
                               "\n"
                               "  B= two  # kept \r\n"
                               "C='quotes stay'\n"
                               "SKIFF_TEST_SET\n"
                               "SKIFF_TEST_UNSET\n"
                               "D=a=b",
                               "f"),
        (Strings{"A=1", "B= two  # kept ", "C='quotes stay'", "SKIFF_TEST_SET=ours", "D=a=b"}));
    EXPECT_TRUE(parse_environment_file("", "f").empty());
}

TEST(ParseEnvironmentFile, NamesFileAndLineOfAnError) {
    EXPECT_EQ(message_of([] { parse_environment_file("A=1\nB C=2\n", "/f"); }),
              "invalid env file (/f): variable 'B C' contains whitespaces (line 2)");
    EXPECT_EQ(message_of([] { parse_environment_file("=1", "/f"); }),
              "invalid env file (/f): no variable name on line '=1' (line 1)");
    EXPECT_EQ(message_of([] { parse_environment_file(std::string_view("A=\0b", 4), "/f"); }),
              "invalid env file (/f): a zero byte on line 1");
}

TEST(AddLabel, KeepsTheLastValue) {
    std::map<std::string, std::string> labels;
    add_label(labels, "a=1");
    add_label(labels, "b");
    add_label(labels, "c=x=y");
    add_label(labels, "a=2");
    EXPECT_EQ(labels, (std::map<std::string, std::string>{{"a", "2"}, {"b", ""}, {"c", "x=y"}}));
    EXPECT_EQ(message_of([&] { add_label(labels, "=x"); }), "invalid label '=x': empty name");
}

TEST(ParseExtraHost, TakesBothFormsAndBothFamilies) {
    EXPECT_EQ(parse_extra_host("db:10.0.0.1"), "db:10.0.0.1");
    EXPECT_EQ(parse_extra_host("db=10.0.0.1"), "db:10.0.0.1");
    EXPECT_EQ(parse_extra_host("db:::1"), "db:::1");
    EXPECT_EQ(parse_extra_host("db:[fe80::1]"), "db:fe80::1");
    EXPECT_EQ(message_of([] { parse_extra_host("x"); }), "bad format for add-host: \"x\"");
    EXPECT_EQ(message_of([] { parse_extra_host(":1.2.3.4"); }),
              "bad format for add-host: \":1.2.3.4\"");
    EXPECT_EQ(message_of([] { parse_extra_host("a\n9.9.9.9 b:1.2.3.4"); }),
              "bad format for add-host: \"a\\n9.9.9.9 b:1.2.3.4\"");
    EXPECT_EQ(message_of([] { parse_extra_host("x:bad"); }),
              "invalid IP address in add-host: \"bad\"");
}

TEST(ParseAddress, TakesOnlyAddresses) {
    EXPECT_EQ(parse_address(" 1.1.1.1 "), "1.1.1.1");
    EXPECT_EQ(parse_address("2001:db8::1"), "2001:db8::1");
    for (const char* text : {"", "bad", "1.1.1", "1.1.1.256", "1.1.1.1/8", "1.1.1.1\n2.2.2.2"})
        EXPECT_THROW(parse_address(text), Error) << text;
}

TEST(NormalisedCapability, IsUpperCaseWithPrefix) {
    EXPECT_EQ(normalised_capability("net_admin"), "CAP_NET_ADMIN");
    EXPECT_EQ(normalised_capability("Cap_Net_Admin"), "CAP_NET_ADMIN");
    EXPECT_EQ(normalised_capability("all"), "ALL");
}

TEST(CheckContainerName, AllowsWhatDockerAllows) {
    for (const char* name : {"web", "a1", "0.a_b-c", "Ab"})
        EXPECT_NO_THROW(check_container_name(name));
    for (const char* name : {"a", "", "bad/name", "-a", ".a", "_a", "a b", "a\n", "é1"}) {
        EXPECT_EQ(
            message_of([&] { check_container_name(name); }),
            fmt::format("Invalid container name ({}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed",
                        name));
    }
    EXPECT_NO_THROW(check_container_name(std::string(255, 'a')));
    EXPECT_THROW(check_container_name(std::string(256, 'a')), Error);
}

TEST(CheckHostname, FitsSethostnameAndAHostsFile) {
    for (const char* name : {"a", "web.example.org", "a_b-c"})
        EXPECT_NO_THROW(check_hostname(name));
    for (const char* name : {"a b", "a\nb", "a!", "ä"}) EXPECT_THROW(check_hostname(name), Error);
    EXPECT_NO_THROW(check_hostname(std::string(64, 'a')));
    EXPECT_THROW(check_hostname(std::string(65, 'a')), Error);
}

TEST(CleanPath, IsWhatGoMakesOfIt) {
    EXPECT_EQ(clean_path("/"), "/");
    EXPECT_EQ(clean_path("//a/./b//"), "/a/b");
    EXPECT_EQ(clean_path("/a/../../b"), "/b");
    EXPECT_EQ(clean_path("/.."), "/");
}

TEST(Signals, AreFoundByEveryNameTheyHave) {
    EXPECT_EQ(find_signal("TERM"), 15);
    EXPECT_EQ(find_signal("SIGTERM"), 15);
    EXPECT_EQ(find_signal("sigterm"), 15);
    EXPECT_EQ(find_signal("15"), 15);
    EXPECT_EQ(find_signal("64"), 64);
    EXPECT_EQ(find_signal("RTMIN"), 34);
    EXPECT_EQ(find_signal("SIGRTMIN+3"), 37);
    EXPECT_EQ(find_signal("RTMAX-1"), 63);
    for (const char* name : {"", "BOGUS", "0", "65", "-1", "SIG", "RTMIN-1", "RTMIN+31", "RTMAX+1",
                             "RTMIN+", "SIGSIGTERM", "15 "})
        EXPECT_FALSE(find_signal(name).has_value()) << name;
    EXPECT_EQ(signal_name(9), "SIGKILL");
    EXPECT_EQ(signal_name(37), "SIGRTMIN+3");
    for (int signal = 1; signal <= 64; ++signal)
        EXPECT_EQ(find_signal(signal_name(signal)), signal);
}

}  // namespace
}  // namespace skiff::cli
