// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/remote_source.h"

#include <gtest/gtest.h>

#include "base/error.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

TEST(RemoteSource, IsAFileBehindAUrl) {
    EXPECT_TRUE(is_remote_file("https://example.org/x.tar.gz"));
    EXPECT_TRUE(is_remote_file("http://example.org"));
    EXPECT_FALSE(is_remote_file("https://example.org/x.git"));
    EXPECT_FALSE(is_remote_file("https://example.org/x.git#main:docs"));
    EXPECT_FALSE(is_remote_file("http.txt"));
    EXPECT_FALSE(is_remote_file("HTTP://example.org/x"));
    EXPECT_FALSE(is_remote_file(""));
}

TEST(RemoteSource, IsNamedByTheUrlsPath) {
    EXPECT_EQ(remote_file_name("https://example.org/a/b.tar?x=/c#d/e"), "b.tar");
    EXPECT_EQ(remote_file_name("https://example.org/a/b/"), "b");
    EXPECT_EQ(remote_file_name("https://example.org/a%20b"), "a b");
    EXPECT_EQ(remote_file_name("https://example.org/a%2fb"), "b");
    EXPECT_EQ(remote_file_name("https://example.org/100%"), "100%");
    EXPECT_EQ(remote_file_name("https://example.org/%4"), "%4");
    EXPECT_EQ(remote_file_name("https://example.org/%zz"), "%zz");
    for (const char* url : {"https://example.org", "https://example.org/", "https://example.org/..",
                            "https://example.org/a/%2e%2E", "https://example.org/.",
                            "https://example.org/a%00b", "https://example.org?x=/y", "x"})
        EXPECT_EQ(remote_file_name(url), "__unnamed__") << url;
}

TEST(RemoteSource, IsARepository) {
    EXPECT_EQ(find_git_source("https://example.org/a.git#v1.0:docs/x"),
              (GitSource{"https://example.org/a.git", "v1.0", "docs/x", false}));
    EXPECT_EQ(find_git_source("git://example.org/a"),
              (GitSource{"git://example.org/a", "", "", false}));
    EXPECT_EQ(find_git_source("git@example.org:a/b#main"),
              (GitSource{"git@example.org:a/b", "main", "", true}));
    EXPECT_EQ(find_git_source("ssh://example.org/a#:sub"),
              (GitSource{"ssh://example.org/a", "", "sub", true}));
    EXPECT_FALSE(find_git_source("https://example.org/a"));
    EXPECT_FALSE(find_git_source("file:///a.git"));
    EXPECT_FALSE(find_git_source("a.git"));
}

TEST(RemoteSource, IsNoOptionOfGit) {
    EXPECT_THROW(find_git_source("https://example.org/a.git#--upload-pack=x"), Error);
    EXPECT_THROW(find_git_source("git://example.org/a#-x"), Error);
}

TEST(RemoteSource, OfADockerfileNeedsNoKeys) {
    EXPECT_NO_THROW(check_remote_source("https://example.org/a.git"));
    EXPECT_NO_THROW(check_remote_source("ftp"));
    EXPECT_THROW(check_remote_source("git@example.org:a"), Error);
    EXPECT_THROW(check_remote_source("ssh://example.org/a"), Error);
    EXPECT_THROW(check_remote_source("ftp://example.org/a"), Error);
}

}  // namespace
