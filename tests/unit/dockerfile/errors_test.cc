// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/dockerfile.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

std::string error_of(const std::string& text, const std::string& file_name = "Dockerfile") {
    try {
        parse(text, file_name);
    } catch (const Error& error) {
        return error.message();
    }
    return "no error";
}

std::vector<std::string> rules_of(const std::string& text) {
    std::vector<std::string> rules;
    for (const Warning& warning : parse(text, "f").warnings) rules.push_back(warning.rule);
    return rules;
}

using Strings = std::vector<std::string>;

}  // namespace

TEST(ParseErrors, ShowTheLinesAndSuggest) {
    EXPECT_EQ(error_of("FROM busybox\n\nRUM echo\nRUN a\n"),
              "dockerfile parse error on line 3: unknown instruction: RUM (did you mean RUN?)\n"
              "Dockerfile:3:1\n"
              "--------------------\n"
              "   1 |     FROM busybox\n"
              "   2 |\n"
              "   3 | >>> RUM echo\n"
              "   4 |     RUN a\n"
              "--------------------");
}

TEST(ParseErrors, PointAtTheWord) {
    EXPECT_EQ(error_of("FROM a\nCOPY \\\n  --chwon=x b /c\n", "dir/f"),
              "dockerfile parse error on line 3: unknown flag: chwon (did you mean chown?)\n"
              "dir/f:3:3\n"
              "--------------------\n"
              "   1 |     FROM a\n"
              "   2 |     COPY \\\n"
              "   3 | >>>   --chwon=x b /c\n"
              "--------------------");
}

TEST(ParseErrors, MarkAllLinesOfAnInstruction) {
    EXPECT_EQ(error_of("FROM a\n  ENV \\\n x\nRUN b"),
              "dockerfile parse error on line 2: ENV must have two arguments\n"
              "Dockerfile:2:3\n"
              "--------------------\n"
              "   1 |     FROM a\n"
              "   2 | >>>   ENV \\\n"
              "   3 | >>>  x\n"
              "   4 |     RUN b\n"
              "--------------------");
}

TEST(ParseErrors, SuggestWhatIsNear) {
    const auto first = [](const std::string& text) {
        const std::string message = error_of("FROM a\n" + text);
        return message.substr(0, message.find('\n'));
    };
    const std::string start = "dockerfile parse error on line 2: unknown instruction: ";
    EXPECT_EQ(first("entrypiont x"), start + "entrypiont (did you mean ENTRYPOINT?)");
    EXPECT_EQ(first("EXPSE 1"), start + "EXPSE (did you mean EXPOSE?)");
    EXPECT_EQ(first("WORKDIRR x"), start + "WORKDIRR (did you mean WORKDIR?)");
    EXPECT_EQ(first("FOO bar"), start + "FOO");
    EXPECT_EQ(first("apt-get update"), start + "apt-get");
    EXPECT_EQ(first(std::string(1 << 20, 'R')), start + std::string(200, 'R'));
}

TEST(ParseErrors, AreSafeForTerminals) {
    const std::string message = error_of("FROM a\n\x1b[2Jx \x07");
    EXPECT_EQ(message.find('\x1b'), std::string::npos);
    EXPECT_EQ(message.find('\x07'), std::string::npos);
}

TEST(ParseErrors, StayShort) {
    EXPECT_LT(error_of("FROM a\nENV " + std::string(1 << 20, 'x')).size(), 1000U);
    std::string lines = "FROM a\nENV x";
    for (int i = 0; i < 1000; ++i) lines += "\\\n";
    EXPECT_LT(error_of(lines).size(), 1000U);
}

TEST(Hostile, LongAndDeepTextTakesTimeInProportion) {
    const std::string megabyte(1 << 20, 'a');
    EXPECT_EQ(error_of("FROM a\nRUN " + megabyte), "no error");
    EXPECT_EQ(error_of("FROM a\nRUN " + std::string(1 << 20, '<')), "no error");
    EXPECT_EQ(error_of("FROM a\nCMD " + std::string(1 << 20, '[')), "no error");
    EXPECT_EQ(error_of("FROM a\nENV a=" + std::string(1 << 20, '"')), "no error");
    EXPECT_EQ(error_of("FROM a\n" + std::string(1 << 20, '\n')), "no error");
    EXPECT_NE(error_of(std::string(17 << 20, '#')), "no error");
    std::string nested = "FROM a\n";
    for (int i = 0; i < 100'000; ++i) nested += "ONBUILD ";
    EXPECT_NE(error_of(nested), "no error");
    std::string heredocs = "FROM a\nRUN cat";
    for (int i = 0; i < 10'000; ++i) heredocs += " <<E";
    heredocs += "\n";
    for (int i = 0; i < 10'000; ++i) heredocs += "E\n";
    EXPECT_EQ(error_of(heredocs), "no error");
    std::string variables;
    for (int i = 0; i < 100'000; ++i) variables += "${";
    EXPECT_EQ(error_of("FROM a\nRUN <<E " + variables), "no error");
}

TEST(Warnings, NameBuildKitsRules) {
    EXPECT_EQ(rules_of("FROM a AS b\nCMD [\"x\"]"), Strings{});
    EXPECT_EQ(rules_of("FROM a AS B"), (Strings{"StageNameCasing"}));
    EXPECT_EQ(rules_of("FROM a as b"), (Strings{"FromAsCasing"}));
    EXPECT_EQ(rules_of("FROM a\nrun b\nRUN c"), (Strings{"ConsistentInstructionCasing"}));
    EXPECT_EQ(rules_of("from a\nrun b"), Strings{});
    EXPECT_EQ(rules_of("FROM a\nRUN b \\\n\n c"), (Strings{"NoEmptyContinuation"}));
    EXPECT_EQ(rules_of("FROM a AS b\nFROM a AS b"), (Strings{"DuplicateStageName"}));
    EXPECT_EQ(rules_of("FROM a AS scratch"), (Strings{"ReservedStageName"}));
    EXPECT_EQ(rules_of("FROM a\nCMD x"), (Strings{"JSONArgsRecommended"}));
    EXPECT_EQ(rules_of("FROM a\nMAINTAINER x"), (Strings{"MaintainerDeprecated"}));
    EXPECT_EQ(rules_of("FROM a\nENV b c"), (Strings{"LegacyKeyValueFormat"}));
    EXPECT_EQ(rules_of("FROM a\nCMD [\"x\"]\nCMD [\"y\"]"),
              (Strings{"MultipleInstructionsDisallowed"}));
    EXPECT_EQ(rules_of("FROM a\nCMD [\"x\"]\nFROM a\nCMD [\"y\"]"), Strings{});
}

TEST(Warnings, ObeyTheCheckDirective) {
    EXPECT_EQ(rules_of("# check=skip=all\nFROM a as B"), Strings{});
    EXPECT_EQ(rules_of("# check=skip=StageNameCasing, JSONArgsRecommended\nFROM a as B\nCMD x"),
              (Strings{"FromAsCasing"}));
    EXPECT_TRUE(error_of("# check=error=true\nFROM a AS B").starts_with("lint violation found"));
    EXPECT_EQ(error_of("# check=skip=all;error=true\nFROM a AS B"), "no error");
}
