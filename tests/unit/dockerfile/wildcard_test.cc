// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/wildcard.h"

#include <gtest/gtest.h>

#include "base/error.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

struct Case {
    std::string_view pattern;
    std::string_view text;
    bool fits;
};

}  // namespace

TEST(Wildcard, FitsAsGoDoes) {
    constexpr Case cases[] = {
        {"abc", "abc", true},
        {"abc", "abcd", false},
        {"*", "abc", true},
        {"*", "", true},
        {"*c", "abc", true},
        {"a*", "a", true},
        {"a*", "ab/c", false},
        {"a*/b", "abc/b", true},
        {"a*/b", "a/c/b", false},
        {"a*b*c*d*e*/f", "axbxcxdxe/f", true},
        {"a*b*c*d*e*/f", "axbxcxdxexxx/fff", false},
        {"a*b?c*x", "abxbbxdbxebxczzx", true},
        {"a*b?c*x", "abxbbxdbxebxczzy", false},
        {"ab[c]", "abc", true},
        {"ab[b-d]", "abc", true},
        {"ab[e-g]", "abc", false},
        {"ab[^c]", "abc", false},
        {"ab[^e-g]", "abc", true},
        {"a\\*b", "a*b", true},
        {"a\\*b", "ab", false},
        {"a?b", "a\u263ab", true},
        {"a[^a]b", "a\u263ab", true},
        {"a??b", "a\u263ab", false},
        {"[a-\u03b6]*", "\u03b1", true},
        {"*[a-\u03b6]", "A", false},
        {"a?b", "a/b", false},
        {"a*b", "a/b", false},
        {"[\\]a]", "]", true},
        {"[\\-]", "-", true},
        {"[x\\-]", "x", true},
        {"[x\\-]", "-", true},
        {"[x\\-]", "z", false},
        {"*x", "xxx", true},
        {"", "", true},
        {"", "a", false},
        {"**", "a/b", false},
        {"?", "", false},
        {"\\a", "a", true},
        {".*", ".x", true},
        {"*.txt", ".txt", true},
        {"[!a]", "!", true},
        {"a]", "a]", true},
    };
    for (const Case& test : cases)
        EXPECT_EQ(match_wildcard(test.pattern, test.text), test.fits)
            << test.pattern << " on " << test.text;
}

TEST(Wildcard, RefusesBadPatternsWhateverTheText) {
    for (const char* pattern : {"[", "[a", "[]", "[]a]", "[-]", "[x-]", "[-x]", "[a-b-c]", "[^",
                                "[^bc", "a[", "\\", "a\\", "[\\", "[a-", "z*[]"}) {
        EXPECT_THROW(match_wildcard(pattern, "a"), Error) << pattern;
        EXPECT_THROW(check_wildcard(pattern), Error) << pattern;
    }
    EXPECT_NO_THROW(check_wildcard("a*?[x]\\*"));
}

TEST(Wildcard, KnowsWhatIsAPattern) {
    for (const char* text : {"*", "a?", "[a]", "a\\b"}) EXPECT_TRUE(has_wildcard(text)) << text;
    for (const char* text : {"", "a", "a]", "a.b", "{a}"}) EXPECT_FALSE(has_wildcard(text)) << text;
}

TEST(Wildcard, TakesTimeInProportion) {
    const std::string text(100'000, 'a');
    EXPECT_FALSE(match_wildcard("*a*a*a*a*a*a*a*a*a*a*b", text));
    EXPECT_THROW(match_wildcard(std::string(10'000, '*'), text), Error);
}

TEST(PathPattern, TellsWhatMayLieBelow) {
    using Fit = PathPattern::Fit;
    struct Below {
        std::string_view pattern;
        std::string_view directory;
        Fit fit;
    };
    constexpr Below cases[] = {
        {"a/b", "a", Fit::may_fit_below},
        {"a/b", "a/b", Fit::path_or_parent},
        {"a/b", "a/b/c", Fit::path_or_parent},
        {"a/b", "b", Fit::none},
        {"ab/c", "a", Fit::none},
        {"a/*/c", "a/x", Fit::may_fit_below},
        {"a/*/c", "x", Fit::none},
        {"*/c", "x", Fit::may_fit_below},
        {"*/c", "x/y", Fit::none},
        {"**/c", "x/y", Fit::may_fit_below},
        {"a/**/c", "a/x/y", Fit::may_fit_below},
        {"a/**/c", "b", Fit::none},
        {"a/**", "a", Fit::may_fit_below},
        {"a/**", "a/b", Fit::path_or_parent},
        {"*.md", "docs", Fit::none},
        {"a", "", Fit::may_fit_below},
    };
    for (const Below& test : cases)
        EXPECT_EQ(PathPattern(test.pattern).fit(test.directory), test.fit)
            << test.pattern << " on " << test.directory;
}
