// SPDX-License-Identifier: Apache-2.0
#include "cli/command_line.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::cli {
namespace {

struct Values {
    bool all = false;
    bool tty = false;
    bool keep = true;
    int last = 0;
    std::optional<int> timeout;
    std::string name;
    std::string network;
    std::optional<std::string> root;
    std::vector<std::string> environment;
    std::vector<std::string> checked;
    std::string image;
    std::vector<std::string> program;
};

constexpr std::array refused{UnsupportedFlag{"memory", 'm'}, UnsupportedFlag{"cpus"}};

void declare(CommandBuilder& command, Values& values) {
    command.flag("-a,--all", values.all, "All");
    command.flag("-t,--tty", values.tty, "Terminal");
    command.flag("--keep", values.keep, "Keep");
    command.option("-n,--last", values.last, "int", "Last");
    command.option("--timeout", values.timeout, "int", "Seconds");
    command.option("--name", values.name, "string", "Name");
    command.option("--network,--net", values.network, "network", "Network");
    command.option("--root", values.root, "dir", "Root");
    command.option("-e,--env", values.environment, "list", "Environment");
    command.parsed(
        "-c,--checked",
        [&values](std::string_view value) {
            if (value == "bad") throw Error(ErrorKind::invalid, "it is bad");
            if (value == "later") throw Error(ErrorKind::unsupported, "not yet");
            values.checked.emplace_back(value);
        },
        "list", "Checked");
    command.unsupported(refused);
}

/// What `words` store; in `options_first` the first argument is an image and the rest its program.
Values parse(const std::vector<std::string_view>& words, bool options_first = false) {
    Values values;
    CommandBuilder command;
    declare(command, values);
    if (options_first) {
        command.argument("IMAGE", values.image);
        command.program(values.program);
    } else {
        command.optional_arguments("NAME", values.program);
    }
    CommandWords parsed = read_words(command, words);
    store_values(parsed.options);
    EXPECT_EQ(store_arguments(command, std::move(parsed.arguments)), "");
    return values;
}

Error failure(const std::vector<std::string_view>& words) {
    try {
        parse(words);
    } catch (const Error& error) {
        return error;
    }
    ADD_FAILURE() << "no error";
    return {ErrorKind::system, ""};
}

using Strings = std::vector<std::string>;

TEST(CommandLine, TakesAValueInEveryFormThatDockerTakes) {
    EXPECT_EQ(parse({"-e", "A=1", "-eB=2", "-e=C=3", "--env", "D=4", "--env=E=5"}).environment,
              (Strings{"A=1", "B=2", "C=3", "D=4", "E=5"}));
}

TEST(CommandLine, TakesValuesThatLookLikeSomethingElse) {
    EXPECT_EQ(parse({"-e", "-a", "-e", "--", "-e", "", "--env=", "-e", "{}", "-e", "[a,b]", "-e",
                     "%%", "-e", "a,b", "-e", "\"q\""})
                  .environment,
              (Strings{"-a", "--", "", "", "{}", "[a,b]", "%%", "a,b", "\"q\""}));
    EXPECT_EQ(parse({"--name="}).name, "");
    EXPECT_EQ(parse({"--name", "--all"}).name, "--all");
    EXPECT_EQ(parse({"--name", "{}"}).name, "{}");
    EXPECT_EQ(parse({"--name", "[x]"}).name, "[x]");
}

TEST(CommandLine, SplitsBundlesOfShortFlags) {
    const Values values = parse({"-atn", "3"});
    EXPECT_TRUE(values.all);
    EXPECT_TRUE(values.tty);
    EXPECT_EQ(values.last, 3);
    EXPECT_EQ(parse({"-atn3"}).last, 3);
    EXPECT_EQ(parse({"-atn=3"}).last, 3);
}

TEST(CommandLine, TakesTruthValuesAsGoDoes) {
    EXPECT_FALSE(parse({"--keep=false"}).keep);
    EXPECT_FALSE(parse({"--keep=0"}).keep);
    EXPECT_TRUE(parse({"--all=T"}).all);
    EXPECT_TRUE(parse({"-t=true"}).tty);
    EXPECT_FALSE(parse({"-t=false"}).tty);
    EXPECT_FALSE(parse({"--all", "--all=false"}).all);
    // The word after a flag is no value.
    EXPECT_EQ(parse({"--all", "false"}).program, (Strings{"false"}));
}

TEST(CommandLine, RefusesOtherTruthValues) {
    EXPECT_EQ(failure({"--all=yes"}).message(),
              "invalid argument \"yes\" for \"-a, --all\" flag: neither true nor false");
    EXPECT_EQ(failure({"--keep="}).message(),
              "invalid argument \"\" for \"--keep\" flag: neither true nor false");
}

TEST(CommandLine, TakesTheLastOfARepeatedPlainOption) {
    EXPECT_EQ(parse({"--name", "a", "--name=b"}).name, "b");
    EXPECT_EQ(parse({"-n", "1", "--last=2"}).last, 2);
}

TEST(CommandLine, KnowsAnUnshownAlias) {
    EXPECT_EQ(parse({"--net", "host"}).network, "host");
    EXPECT_EQ(parse({"--net=none", "--network=host"}).network, "host");
}

TEST(CommandLine, FillsOptionalTargetsOnlyWhenGiven) {
    EXPECT_FALSE(parse({}).root.has_value());
    EXPECT_EQ(parse({"--root", ""}).root, "");
    EXPECT_FALSE(parse({}).timeout.has_value());
    EXPECT_EQ(parse({"--timeout", "-1"}).timeout, -1);
}

TEST(CommandLine, RefusesWhatIsNoNumber) {
    EXPECT_EQ(failure({"-n", "x"}).message(),
              "invalid argument \"x\" for \"-n, --last\" flag: not a whole number in range");
    EXPECT_EQ(failure({"-n", ""}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"-n", "1x"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"-n", "99999999999"}).kind(), ErrorKind::usage);
    EXPECT_EQ(failure({"--timeout", "1.5"}).kind(), ErrorKind::usage);
}

TEST(CommandLine, NamesTheOptionWhoseParserRefuses) {
    EXPECT_EQ(failure({"-c", "good", "-c", "bad"}).message(),
              "invalid argument \"bad\" for \"-c, --checked\" flag: it is bad");
    EXPECT_EQ(failure({"-c", "later"}).message(), "not yet");
    EXPECT_EQ(failure({"-c", "later"}).kind(), ErrorKind::unsupported);
    EXPECT_EQ(parse({"-c", "{}", "--checked", "b"}).checked, (Strings{"{}", "b"}));
}

TEST(CommandLine, FindsOptionsAmongArgumentsUnlessToldOtherwise) {
    const Values mixed = parse({"x", "-a", "y", "--name", "z"});
    EXPECT_EQ(mixed.program, (Strings{"x", "y"}));
    EXPECT_TRUE(mixed.all);
    EXPECT_EQ(mixed.name, "z");
}

TEST(CommandLine, LeavesAProgramItsOptions) {
    const Values values = parse({"-t", "image", "-a", "--name", "x", "--", "{}", "[1,2]"}, true);
    EXPECT_TRUE(values.tty);
    EXPECT_FALSE(values.all);
    EXPECT_EQ(values.image, "image");
    EXPECT_EQ(values.program, (Strings{"-a", "--name", "x", "--", "{}", "[1,2]"}));
}

TEST(CommandLine, EndsOptionsAtTwoDashes) {
    EXPECT_EQ(parse({"-a", "--", "-t", "--", "x"}).program, (Strings{"-t", "--", "x"}));
    const Values values = parse({"--", "image", "--", "-a"}, true);
    EXPECT_EQ(values.image, "image");
    EXPECT_EQ(values.program, (Strings{"--", "-a"}));
}

TEST(CommandLine, TakesASingleDashAndAnEmptyWordAsArguments) {
    EXPECT_EQ(parse({"-", ""}).program, (Strings{"-", ""}));
}

TEST(CommandLine, SaysWhatIsWrongAsDockerDoes) {
    EXPECT_EQ(failure({"--nosuch"}).message(), "unknown flag: --nosuch");
    EXPECT_EQ(failure({"--nosuch=1"}).message(), "unknown flag: --nosuch");
    EXPECT_EQ(failure({"-xyz"}).message(), "unknown shorthand flag: 'x' in -xyz");
    EXPECT_EQ(failure({"-ax"}).message(), "unknown shorthand flag: 'x' in -x");
    EXPECT_EQ(failure({"-e"}).message(), "flag needs an argument: 'e' in -e");
    EXPECT_EQ(failure({"-te"}).message(), "flag needs an argument: 'e' in -e");
    EXPECT_EQ(failure({"--name"}).message(), "flag needs an argument: --name");
    EXPECT_EQ(failure({"---x"}).message(), "bad flag syntax: ---x");
    EXPECT_EQ(failure({"--=x"}).message(), "bad flag syntax: --=x");
    EXPECT_EQ(failure({"--nosuch"}).kind(), ErrorKind::usage);
}

TEST(CommandLine, ReportsTheLeftmostMistake) {
    EXPECT_EQ(failure({"-n", "x", "--nosuch"}).message(),
              "invalid argument \"x\" for \"-n, --last\" flag: not a whole number in range");
    EXPECT_EQ(failure({"-c", "bad", "--all=maybe"}).message(),
              "invalid argument \"bad\" for \"-c, --checked\" flag: it is bad");
    EXPECT_EQ(failure({"--nosuch", "-n", "x"}).message(), "unknown flag: --nosuch");
}

TEST(CommandLine, RefusesByNameWhatOnlyDockerHas) {
    EXPECT_EQ(failure({"--cpus", "1"}).message(),
              "--cpus is not supported by this version of skiff");
    EXPECT_EQ(failure({"--cpus=1"}).kind(), ErrorKind::unsupported);
    EXPECT_EQ(failure({"-m", "1g"}).message(),
              "-m, --memory is not supported by this version of skiff");
    EXPECT_EQ(failure({"-tm1g"}).kind(), ErrorKind::unsupported);
}

TEST(CommandLine, StopsAtHelp) {
    Values values;
    CommandBuilder command;
    declare(command, values);
    const auto help = [&](const std::vector<std::string_view>& words) {
        return read_words(command, words).help;
    };
    EXPECT_TRUE(help({"--help"}));
    EXPECT_TRUE(help({"-h"}));
    EXPECT_TRUE(help({"-ah"}));
    EXPECT_TRUE(help({"--all", "--help", "--nosuch"}));
    EXPECT_FALSE(help({"--name", "--help"}));
    EXPECT_FALSE(help({"--", "--help"}));
    EXPECT_THROW(help({"--nosuch", "--help"}), Error);
}

TEST(CommandLine, CountsArguments) {
    std::string one, two;
    Strings list;
    const auto problem = [](const CommandBuilder& command, const Strings& words) {
        return store_arguments(command, words);
    };
    const CommandBuilder none;
    EXPECT_EQ(problem(none, {}), "");
    EXPECT_EQ(problem(none, {"x"}), "accepts no arguments");

    CommandBuilder exact;
    exact.argument("A", one);
    exact.argument("B", two);
    EXPECT_EQ(problem(exact, {"x"}), "requires 2 arguments");
    EXPECT_EQ(problem(exact, {"x", "y"}), "");
    EXPECT_EQ(one + two, "xy");

    CommandBuilder range;
    range.argument("A", one);
    range.optional_argument("B", two);
    EXPECT_EQ(problem(range, {}), "requires at least 1 and at most 2 arguments");
    EXPECT_EQ(problem(range, {"z"}), "");
    EXPECT_EQ(one, "z");

    CommandBuilder most;
    most.optional_argument("A", one);
    EXPECT_EQ(problem(most, {"x", "y"}), "requires at most 1 argument");

    CommandBuilder many;
    many.arguments("A", list);
    EXPECT_EQ(problem(many, {}), "requires at least 1 argument");
    EXPECT_EQ(problem(many, {"x", "y", "z"}), "");
    EXPECT_EQ(list, (Strings{"x", "y", "z"}));
}

TEST(CommandLine, WritesTheUsageOfItsArguments) {
    std::string one;
    Strings list;
    CommandBuilder run;
    run.argument("IMAGE", one);
    run.program(list);
    EXPECT_EQ(run.usage_text(), "[OPTIONS] IMAGE [COMMAND] [ARG...]");
    CommandBuilder stop;
    stop.arguments("CONTAINER", list);
    EXPECT_EQ(stop.usage_text(), "[OPTIONS] CONTAINER [CONTAINER...]");
    CommandBuilder images;
    images.optional_argument("REPOSITORY", one);
    EXPECT_EQ(images.usage_text(), "[OPTIONS] [REPOSITORY]");
}

}  // namespace
}  // namespace skiff::cli
