// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/expand.h"

#include <map>

#include <gtest/gtest.h>

#include "base/error.h"
#include "dockerfile/dockerfile.h"
#include "dockerfile/shell_pattern.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

const std::map<std::string, std::string, std::less<>> values = {
    {"PWD", "/home"},          {"EMPTY", ""},   {"A", "alpha"}, {"B", "b c"},
    {"PATH", "/a/b/c.tar.gz"}, {"STAR", "x*y"}, {"x", "lower"}, {"_u", "under"}};

std::optional<std::string> look_up(std::string_view name) {
    const auto found = values.find(name);
    return found == values.end() ? std::nullopt : std::optional(found->second);
}

std::string word(std::string_view text, char escape = '\\') {
    return expand_word(text, {.lookup = look_up, .escape = escape});
}

std::vector<std::string> words(std::string_view text) {
    return expand_words(text, {.lookup = look_up});
}

std::string error_of(std::string_view text) {
    try {
        return "no error: " + word(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
}

bool contains(const std::string& text, std::string_view part) {
    return text.find(part) != std::string::npos;
}

using Strings = std::vector<std::string>;

struct Case {
    std::string_view text;
    std::string_view expanded;
};

}  // namespace

TEST(ExpandWord, ReplacesVariables) {
    constexpr Case cases[] = {
        {"plain", "plain"},  {"$A", "alpha"},     {"${A}", "alpha"},      {"a$A.b", "aalpha.b"},
        {"${A}B", "alphaB"}, {"$AB", ""},         {"$UNSET", ""},         {"${UNSET}", ""},
        {"[$EMPTY]", "[]"},  {"$_u", "under"},    {"$A$A", "alphaalpha"}, {"$PWD/x", "/home/x"},
        {"$B", "b c"},       {"$x.y", "lower.y"},
    };
    for (const Case& test : cases) EXPECT_EQ(word(test.text), test.expanded) << test.text;
}

TEST(ExpandWord, KeepsADollarWithoutAName) {
    constexpr Case cases[] = {{"$", "$"},   {"a$", "a$"},     {"$ x", "$ x"},
                              {"$.", "$."}, {"a$/b", "a$/b"}, {"\"$\"", "$"}};
    for (const Case& test : cases) EXPECT_EQ(word(test.text), test.expanded) << test.text;
}

TEST(ExpandWord, TakesAShellsSpecialParametersForUnsetNames) {
    constexpr Case cases[] = {{"$$", ""}, {"$$A", "A"}, {"$1x", "x"}, {"$12x", "x"}, {"$0", ""},
                              {"$?", ""}, {"$@b", "b"}, {"$-", ""},   {"$#", ""},    {"$!", ""},
                              {"$*", ""}, {"${1}", ""}, {"${$}", ""}, {"a$$b", "ab"}};
    for (const Case& test : cases) EXPECT_EQ(word(test.text), test.expanded) << test.text;
}

TEST(ExpandWord, HandlesQuotesAndEscapes) {
    constexpr Case cases[] = {
        {"'$A'", "$A"},
        {"\"$A\"", "alpha"},
        {"'a\"b'", "a\"b"},
        {"\"a'b\"", "a'b"},
        {"\"'$A'\"", "'alpha'"},
        {"\\$A", "$A"},
        {"\\\\$A", "\\alpha"},
        {"a\\ b", "a b"},
        {"\\a", "a"},
        {"\"\\a\"", "\\a"},
        {"\"\\\"\"", "\""},
        {"\"\\$A\"", "$A"},
        {"\"\\\\\"", "\\"},
        {"'\\'", "\\"},
        {"\\'", "'"},
        {"\\\"x", "\"x"},
        {"a\\", "a"},
        {"''", ""},
        {"a''b\"\"c", "abc"},
        {"he\"ll\"o", "hello"},
    };
    for (const Case& test : cases) EXPECT_EQ(word(test.text), test.expanded) << test.text;
}

TEST(ExpandWord, ObeysTheEscapeDirective) {
    EXPECT_EQ(word("`$A", '`'), "$A");
    EXPECT_EQ(word("c:\\$A", '`'), "c:\\alpha");
    EXPECT_EQ(word("\"`\"\"", '`'), "\"");
    EXPECT_EQ(word("\"\\$A\"", '`'), "\\alpha");
}

TEST(ExpandWord, ChoosesByWhetherAVariableIsSet) {
    constexpr Case cases[] = {
        {"${UNSET-w}", "w"},
        {"${EMPTY-w}", ""},
        {"${A-w}", "alpha"},
        {"${UNSET:-w}", "w"},
        {"${EMPTY:-w}", "w"},
        {"${A:-w}", "alpha"},
        {"${UNSET+w}", ""},
        {"${EMPTY+w}", "w"},
        {"${A+w}", "w"},
        {"${UNSET:+w}", ""},
        {"${EMPTY:+w}", ""},
        {"${A:+w}", "w"},
        {"${A?w}", "alpha"},
        {"${EMPTY?w}", ""},
        {"${A:?w}", "alpha"},
        {"${UNSET:-}", ""},
        {"${UNSET:-a b}", "a b"},
        {"${UNSET:-$A}", "alpha"},
        {"${UNSET:-'$A'}", "$A"},
        {"${UNSET:-\\}}", "}"},
        {"${UNSET:-\"}\"}", "}"},
        {"${UNSET-:x}", ":x"},
        {"\"${UNSET:-w}\"", "w"},
        {"${UNSET:--}", "-"},
        {"${UNSET:-${EMPTY:-${A}}}", "alpha"},
        {"${A:+${B:+both}}", "both"},
        {"${A:+-${A}}", "-alpha"},
    };
    for (const Case& test : cases) EXPECT_EQ(word(test.text), test.expanded) << test.text;
}

TEST(ExpandWord, FailsForAVariableThatMustBeSet) {
    EXPECT_TRUE(contains(error_of("${UNSET?no $A}"), "UNSET: no alpha"));
    EXPECT_TRUE(contains(error_of("${UNSET?}"), "UNSET: is not allowed to be unset"));
    EXPECT_TRUE(contains(error_of("${EMPTY:?}"), "EMPTY: is not allowed to be empty"));
    EXPECT_TRUE(contains(error_of("${EMPTY:?gone}"), "EMPTY: gone"));
}

TEST(ExpandWord, RemovesPrefixesAndSuffixes) {
    constexpr Case cases[] = {
        {"${PATH#*/}", "a/b/c.tar.gz"},
        {"${PATH##*/}", "c.tar.gz"},
        {"${PATH%.*}", "/a/b/c.tar"},
        {"${PATH%%.*}", "/a/b/c"},
        {"${PATH%/*}", "/a/b"},
        {"${PATH#/?/}", "b/c.tar.gz"},
        {"${PATH#nope}", "/a/b/c.tar.gz"},
        {"${PATH%nope}", "/a/b/c.tar.gz"},
        {"${A#}", "alpha"},
        {"${A##}", "alpha"},
        {"${A%%}", "alpha"},
        {"${A#*}", "alpha"},
        {"${A##*}", ""},
        {"${A%?a}", "alp"},
        {"${A%%a*}", ""},
        {"${A%pha*}", "al"},
        {"${STAR#x\\*}", "y"},
        {"${STAR##x\"*\"}", ""},
        {"${UNSET#x}", ""},
        {"${A#a${x#*r}}", "lpha"},
        {"${A#a$UNSET}", "lpha"},
        {"${A##*p*a}", ""},
    };
    for (const Case& test : cases) EXPECT_EQ(word(test.text), test.expanded) << test.text;
}

TEST(ExpandWord, ReplacesMatches) {
    constexpr Case cases[] = {
        {"${A/a/X}", "Xlpha"},
        {"${A//a/X}", "XlphX"},
        {"${A/z/X}", "alpha"},
        {"${A//?/X}", "XXXXX"},
        {"${A/l*/X}", "aX"},
        {"${A//*/X}", "X"},
        {"${PATH//\\//:}", ":a:b:c.tar.gz"},
        {"${PATH/b\\/c/X}", "/a/X.tar.gz"},
        {"${A/a/}", "lpha"},
        {"${A//a/}", "lph"},
        {"${A/a/$x}", "lowerlpha"},
        {"${STAR/\\*/.}", "x.y"},
        {"${A/$UNSET/w}", "walpha"},
        {"${UNSET//a/b}", ""},
        {"${B/ /_}", "b_c"},
        {"${A/p*a/}", "al"},
    };
    for (const Case& test : cases) EXPECT_EQ(word(test.text), test.expanded) << test.text;
}

TEST(ExpandWord, RefusesWhatIsMalformed) {
    EXPECT_TRUE(contains(error_of("${A"), "syntax error: missing '}'"));
    EXPECT_TRUE(contains(error_of("${"), "syntax error: missing '}'"));
    EXPECT_TRUE(contains(error_of("${A:"), "missing '}'"));
    EXPECT_TRUE(contains(error_of("${A:-x"), "missing '}'"));
    EXPECT_TRUE(contains(error_of("${}"), "bad substitution"));
    EXPECT_TRUE(contains(error_of("${:x}"), "bad substitution"));
    EXPECT_TRUE(contains(error_of("${{A}}"), "bad substitution"));
    EXPECT_TRUE(contains(error_of("${A=x}"), "unsupported modifier (=)"));
    EXPECT_TRUE(contains(error_of("${A:1}"), "unsupported modifier (:1)"));
    EXPECT_TRUE(contains(error_of("${A^^}"), "unsupported modifier (^)"));
    EXPECT_TRUE(contains(error_of("${A//x}"), "missing '/' in ${}"));
    EXPECT_TRUE(contains(error_of("'open"), "matching single-quote"));
    EXPECT_TRUE(contains(error_of("\"open"), "matching double-quote"));
    EXPECT_TRUE(contains(error_of("${A#\\x}"), "invalid escape"));
    EXPECT_TRUE(error_of("${A").starts_with("failed to process \"${A\": "));
}

TEST(ExpandWord, BoundsDepthSizeAndWork) {
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "${A:+";
    EXPECT_TRUE(contains(error_of(deep), "deeper than 100"));
    std::string ninety;
    for (int i = 0; i < 90; ++i) ninety += "${A:+";
    EXPECT_EQ(word(ninety + "x" + std::string(90, '}')), "x");

    const Lookup large = [](std::string_view) { return std::string(1 << 20, 'a'); };
    std::string many;
    for (int i = 0; i < 17; ++i) many += "$A";
    EXPECT_THROW(expand_word(many, {.lookup = large}), Error);
    const std::string pattern = "${A/" + std::string(1 << 20, '?') + "x/y}";
    EXPECT_THROW(expand_word(pattern, {.lookup = large}), Error);
}

TEST(ExpandWord, ReportsUndefinedVariables) {
    Strings undefined;
    expand_word("$A ${NOPE} $NEITHER ${FINE:-x} '$QUOTED' ${F+y}",
                {.lookup = look_up, .undefined = &undefined});
    EXPECT_EQ(undefined, (Strings{"NOPE", "NEITHER"}));
}

TEST(ExpandWords, SplitsAtUnquotedBlanks) {
    EXPECT_EQ(words("a b  c"), (Strings{"a", "b", "c"}));
    EXPECT_EQ(words("  a\tb "), (Strings{"a", "b"}));
    EXPECT_EQ(words("'a b' c"), (Strings{"a b", "c"}));
    EXPECT_EQ(words("a\\ b c"), (Strings{"a b", "c"}));
    EXPECT_EQ(words("$B"), (Strings{"b", "c"}));
    EXPECT_EQ(words("\"$B\""), (Strings{"b c"}));
    EXPECT_EQ(words("x${B}y"), (Strings{"xb", "cy"}));
    EXPECT_EQ(words("'' a \"\""), (Strings{"a"}));
    EXPECT_EQ(words(""), Strings{});
    EXPECT_EQ(words("$UNSET"), Strings{});
}

TEST(ShellPattern, FitsCharactersNotBytes) {
    EXPECT_EQ(without_prefix("äöü", "?", MatchLength::shortest, '\\'), "öü");
    EXPECT_EQ(without_suffix("äöü", "?", MatchLength::shortest, '\\'), "äö");
    EXPECT_EQ(with_replaced("äö", "", "-", Replace::all, '\\'), "-ä-ö-");
    EXPECT_EQ(without_prefix("\xff\xfe", "?", MatchLength::shortest, '\\'), "\xfe");
}

TEST(ExpandInstruction, ExpandsWhatTheLanguageSays) {
    const Dockerfile file = parse(
        "FROM x\nCOPY --chown=$x:$x $A ${B} /$A/\nENV K=$A \"Q\"='$A'\nEXPOSE $PORTS 7-8/udp\n"
        "WORKDIR $PWD\nUSER $x\nVOLUME [\"/$A\"]\nLABEL a.$A=\"$B\"\nSTOPSIGNAL $SIG\n"
        "ARG Y=$A\nRUN --mount=type=cache,target=/$A echo $A\nCMD echo $A\n"
        "HEALTHCHECK CMD echo $A\nSHELL [\"$A\"]\n",
        "Dockerfile");
    const Lookup lookup = [](std::string_view name) -> std::optional<std::string> {
        if (name == "PORTS") return "80 53/UDP";
        if (name == "SIG") return "SIGINT";
        return look_up(name);
    };
    std::vector<InstructionBody> bodies;
    for (const Instruction& instruction : file.stages[0].instructions)
        bodies.push_back(expand_instruction(instruction, {.lookup = lookup}));
    const auto& copy = std::get<Copy>(bodies[0]);
    EXPECT_EQ(copy.sources, (Strings{"alpha", "b c"}));
    EXPECT_EQ(copy.destination, "/alpha/");
    EXPECT_EQ(copy.chown, "lower:lower");
    EXPECT_EQ(std::get<Env>(bodies[1]).variables,
              (std::vector<KeyValue>{{"K", "alpha"}, {"Q", "$A"}}));
    EXPECT_EQ(std::get<Expose>(bodies[2]).ports, (Strings{"80/tcp", "7/udp", "8/udp", "53/udp"}));
    EXPECT_EQ(std::get<WorkDir>(bodies[3]).path, "/home");
    EXPECT_EQ(std::get<User>(bodies[4]).user, "lower");
    EXPECT_EQ(std::get<Volume>(bodies[5]).paths, (Strings{"/alpha"}));
    EXPECT_EQ(std::get<Label>(bodies[6]).labels, (std::vector<KeyValue>{{"a.alpha", "b c"}}));
    EXPECT_EQ(std::get<StopSignal>(bodies[7]).signal, "SIGINT");
    EXPECT_EQ(std::get<Arg>(bodies[8]).arguments[0].value, "alpha");
    EXPECT_EQ(std::get<dockerfile::Run>(bodies[9]).mounts, (Strings{"type=cache,target=/alpha"}));
    EXPECT_EQ(std::get<dockerfile::Run>(bodies[9]).command.words, (Strings{"echo $A"}));
    EXPECT_EQ(std::get<Cmd>(bodies[10]).command.words, (Strings{"echo $A"}));
    EXPECT_EQ(std::get<HealthCheck>(bodies[11]).test, (Strings{"CMD-SHELL", "echo $A"}));
    EXPECT_EQ(std::get<Shell>(bodies[12]).words, (Strings{"$A"}));
}

TEST(ExpandInstruction, ExpandsHeredocsOfCopyButNotTheirQuotes) {
    const Dockerfile file =
        parse("FROM x\nCOPY <<a <<\"b\" /d/\n\"$A\" '$A' \\$A \\\\ it's\na\n\"$A\" \\$A\nb\n", "f");
    const InstructionBody body =
        expand_instruction(file.stages[0].instructions[0], {.lookup = look_up});
    const auto& copy = std::get<Copy>(body);
    ASSERT_EQ(copy.heredocs.size(), 2U);
    EXPECT_EQ(copy.heredocs[0].content, "\"alpha\" 'alpha' $A \\ it's\n");
    EXPECT_EQ(copy.heredocs[1].content, "\"$A\" \\$A\n");
}

TEST(ExpandInstruction, ChecksWhatValuesMade) {
    const auto fails = [](const std::string& line, std::string_view message) {
        const Dockerfile file = parse("FROM x\n" + line, "f");
        try {
            expand_instruction(file.stages[0].instructions[0], {.lookup = look_up});
            ADD_FAILURE() << line;
        } catch (const Error& error) {
            EXPECT_TRUE(contains(error.message(), message)) << error.message();
        }
    };
    fails("EXPOSE $A", "invalid containerPort: alpha");
    fails("EXPOSE 0", "invalid containerPort: 0");
    fails("EXPOSE 9-8", "invalid containerPort: 9-8");
    fails("EXPOSE 65536", "invalid containerPort");
    fails("EXPOSE 80/icmp", "invalid proto: icmp");
    fails("STOPSIGNAL $A", "invalid signal: alpha");
    fails("VOLUME $UNSET", "VOLUME specified can not be an empty string");
    fails("ENV $UNSET=x", "ENV names can not be blank");
    fails("COPY --chmod=$A a /b", "invalid chmod parameter: 'alpha'");
    fails("COPY --chmod=17777 a /b", "invalid chmod parameter");
    fails("COPY a $UNSET", "empty destination");
    fails("ADD ${A:+git@host:a/b} /z", "a Dockerfile is given none of your keys");
    fails("ADD --checksum=sha256:0 https://x/y /z", "is not sha256: and 64 digits");
    fails("ADD --checksum=sha256:0 y /z", "non-HTTP(S) sources");
    fails("ADD --checksum=sha256:0 https://x/y https://x/z /z", "for multiple sources");
    fails("RUN --mount=target=$UNSET true", "needs a target");
}

TEST(ExpandFrom, NeedsAName) {
    EXPECT_EQ(
        expand_from({.image = "$A:$x", .platform = "", .name = ""}, {.lookup = look_up}).image,
        "alpha:lower");
    EXPECT_THROW(expand_from({.image = "$UNSET", .platform = "", .name = ""}, {.lookup = look_up}),
                 Error);
    EXPECT_THROW(expand_from({.image = "a", .platform = "$UNSET", .name = ""}, {.lookup = look_up}),
                 Error);
}

TEST(ExpandedText, ShowsSetVariablesAndKeepsTheRest) {
    const auto shown = [](std::string_view line) {
        const Dockerfile file = parse("FROM x\n" + std::string(line), "f");
        return expanded_text(file.stages[0].instructions[0], {.lookup = look_up});
    };
    EXPECT_EQ(shown("run echo $A && ls"), "RUN echo alpha && ls");
    EXPECT_EQ(shown("RUN echo \"$A\" '$A' $NOPE ${NOPE:-x}"),
              "RUN echo \"alpha\" '$A' $NOPE ${NOPE:-x}");
    EXPECT_EQ(shown("RUN echo it's ${A^^}"), "RUN echo it's ${A^^}");
    EXPECT_EQ(shown("RUN a \\\n    && b"), "RUN a     && b");
    EXPECT_EQ(shown("RUN <<EOF\n\n  echo one\n  echo two\nEOF\n"), "RUN <<EOF (echo one...)");
    EXPECT_EQ(shown("RUN <<EOF\necho one\nEOF\n"), "RUN <<EOF (echo one)");
}
