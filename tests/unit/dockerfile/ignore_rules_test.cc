// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/ignore_rules.h"

#include <gtest/gtest.h>

#include "base/error.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

bool excludes(std::string_view rules, std::string_view path) {
    return IgnoreRules::parse(rules, ".dockerignore").excludes(path);
}

struct Case {
    std::string_view pattern;
    std::string_view path;
    bool excluded;
};

}  // namespace

TEST(IgnoreRules, FitPathsAndWhatIsBelow) {
    constexpr Case cases[] = {
        {"a", "a", true},
        {"a", "a/b/c", true},
        {"a", "b/a", false},
        {"a", "ab", false},
        {"a/b", "a/b", true},
        {"a/b", "a", false},
        {"/a", "a", true},
        {"a/", "a", true},
        {"a/", "a/x", true},
        {"./a", "a", true},
        {"a//b", "a/b", true},
        {"a/../b", "b", true},
        {"../a", "a", false},
        {"/../a", "a", true},
        {".", "a", false},
        {"/", "a", false},
        {"*", "a", true},
        {"*", "a/b", true},
        {"*.txt", "a.txt", true},
        {"*.txt", "d/a.txt", false},
        {"*/*.txt", "d/a.txt", true},
        {"*/a", "x/a/deep", true},
        {"*/a", "x/y/a", false},
        {"?", "ab", false},
        {"a?", "a/", false},
        {"[ab]", "b/x", true},
        {"[^a]", "a", false},
        {"a\\*b", "a*b", true},
        {"a\\*b", "axb", false},
        {" a ", "a", true},
        {"\ta", "a", true},
        {"a b", "a b", true},
        {"#a", "#a", false},
        {" #a", "#a", true},
        {".git", ".git/config", true},
        {".git", ".gitignore", false},
        {"a.c", "abc", false},
        {"a+(b)", "a+(b)", true},
        {"^a$", "^a$", true},
    };
    for (const Case& test : cases)
        EXPECT_EQ(excludes(test.pattern, test.path), test.excluded)
            << test.pattern << " on " << test.path;
}

TEST(IgnoreRules, LetTwoStarsCrossDirectories) {
    constexpr Case cases[] = {
        {"**", "a", true},
        {"**", "a/b", true},
        {"**/", "a", true},
        {"**/a", "a", true},
        {"**/a", "x/y/a", true},
        {"**/a", "x/a/b", true},
        {"**/a", "xa", false},
        {"**a", "xa", true},
        {"**a", "x/ya", true},
        {"**a*", "xab", false},
        {"**/*.go", "a/b/c.go", true},
        {"**/*.go", "c.go", true},
        {"**/*.go", "c.god", false},
        {"a/**", "a/b", true},
        {"a/**", "a/b/c", true},
        {"a/**", "a", false},
        {"a/**/z", "a/z", true},
        {"a/**/z", "a/b/c/z", true},
        {"a/**/z", "a/bz", false},
        {"a**", "ab/c", true},
        {"a**/b", "a/x/b", true},
        {"**/a/**", "x/a/y", true},
        {"**/a/**", "a", false},
        {"**/node_modules", "p/q/node_modules/r", true},
        {"**/?", "x/y", true},
        {"***", "a", true},
    };
    for (const Case& test : cases)
        EXPECT_EQ(excludes(test.pattern, test.path), test.excluded)
            << test.pattern << " on " << test.path;
}

TEST(IgnoreRules, LetTheLastMatchDecide) {
    EXPECT_FALSE(excludes("*\n!a", "a"));
    EXPECT_TRUE(excludes("*\n!a", "b"));
    EXPECT_TRUE(excludes("!a\n*", "a"));
    EXPECT_FALSE(excludes("docs\n!docs/README", "docs/README"));
    EXPECT_TRUE(excludes("docs\n!docs/README", "docs/x"));
    EXPECT_TRUE(excludes("*.md\n!README*.md\nREADME-secret.md", "README-secret.md"));
    EXPECT_FALSE(excludes("*.md\n!README*.md\nREADME-secret.md", "README-x.md"));
    EXPECT_FALSE(excludes("*.md\nREADME-secret.md\n!README*.md", "README-secret.md"));
    EXPECT_FALSE(excludes("a\n!a", "a/b/c"));
    EXPECT_FALSE(excludes("**\n! a/b ", "a/b/c"));
    EXPECT_TRUE(excludes("a/b\n!a", "x") == excludes("", "x"));
}

TEST(IgnoreRules, ReadFilesAsPeopleWriteThem) {
    EXPECT_TRUE(
        excludes("\xef\xbb\xbf"
                 "a\r\nb\r\n",
                 "a"));
    EXPECT_TRUE(excludes("# c\r\n\r\nb\r\n", "b"));
    EXPECT_TRUE(IgnoreRules::parse("\n\n  \n# x\n.\n/\n", "f").empty());
    EXPECT_FALSE(IgnoreRules{}.excludes("a"));
}

TEST(IgnoreRules, NameTheLineOfABadPattern) {
    const auto message = [](std::string_view text) {
        try {
            IgnoreRules::parse(text, ".dockerignore");
        } catch (const Error& error) {
            return error.message();
        }
        return std::string("no error");
    };
    EXPECT_EQ(message("a\n[x\n"), ".dockerignore:2: syntax error in pattern \"[x\"");
    EXPECT_EQ(message("!"), ".dockerignore:1: illegal exclusion pattern: \"!\"");
    EXPECT_EQ(message("a\\"), ".dockerignore:1: syntax error in pattern \"a\\\\\"");
}

TEST(IgnoreRules, KnowWhichDirectoriesToEnter) {
    const auto enter = [](std::string_view rules, std::string_view directory) {
        return IgnoreRules::parse(rules, "f").may_contain_included(directory);
    };
    EXPECT_FALSE(enter("a", "a"));
    EXPECT_TRUE(enter("a\n!a/b", "a"));
    EXPECT_TRUE(enter("a\n!a/b/c", "a/b"));
    EXPECT_FALSE(enter("a\n!a/b", "a/c"));
    EXPECT_FALSE(enter("*\n!src", "node_modules"));
    EXPECT_TRUE(enter("*\n!src", "src"));
    EXPECT_TRUE(enter("*\n!**/*.md", "anything/at/all"));
    EXPECT_TRUE(enter("*\n!*/x", "a"));
    EXPECT_FALSE(enter("*\n!*/x", "a/b"));
}

TEST(IgnoreRules, ComeFromAListToo) {
    const IgnoreRules rules = IgnoreRules::from_patterns({"*.txt", "!keep.txt"});
    EXPECT_TRUE(rules.excludes("a.txt"));
    EXPECT_FALSE(rules.excludes("keep.txt"));
    EXPECT_FALSE(rules.excludes("a.c"));
}
