// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>

#include <fcntl.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "registry/answer_error.h"
#include "registry/base64.h"
#include "registry/challenge.h"
#include "registry/credentials.h"
#include "registry/repository.h"

namespace skiff::registry {
namespace {

TEST(Challenge, ReadsWhatDockerHubSends) {
    const auto challenges = parse_challenges(
        R"(Bearer realm="https://auth.docker.io/token",service="registry.docker.io",scope="repository:library/x:pull,push")");
    ASSERT_EQ(challenges.size(), 1U);
    EXPECT_EQ(challenges[0].scheme, "bearer");
    EXPECT_EQ(challenges[0].parameter("realm"), "https://auth.docker.io/token");
    EXPECT_EQ(challenges[0].parameter("scope"), "repository:library/x:pull,push");
    EXPECT_EQ(challenges[0].parameter("error"), "");
}

TEST(Challenge, ReadsSeveralInOneHeader) {
    const auto challenges =
        parse_challenges(R"(Negotiate, BASIC realm = "a \"quoted\" one" , Bearer realm=token)");
    ASSERT_EQ(challenges.size(), 3U);
    EXPECT_EQ(challenges[1].scheme, "basic");
    EXPECT_EQ(challenges[1].parameter("realm"), "a \"quoted\" one");
    EXPECT_EQ(challenges[2].parameter("realm"), "token");
}

TEST(Challenge, NonsenseEndsTheList) {
    EXPECT_TRUE(parse_challenges("").empty());
    EXPECT_TRUE(parse_challenges("=\"x\"").empty());
    EXPECT_TRUE(parse_challenges("Bearer realm=\"no end").empty());
}

TEST(Base64, IsThatOfTheStandard) {
    EXPECT_EQ(to_base64(""), "");
    EXPECT_EQ(to_base64("f"), "Zg==");
    EXPECT_EQ(to_base64("fo"), "Zm8=");
    EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
    for (const char* text : {"", "a", "ab", "abc", "user:pass word"})
        EXPECT_EQ(from_base64(to_base64(text)), text);
    EXPECT_FALSE(from_base64("a").has_value());
    EXPECT_FALSE(from_base64("a!b=").has_value());
}

TEST(AuthDocument, ReadsWhatDockerWrites) {
    const AuthDocument document = parse_auth_document(
        R"({"auths": {"https://index.docker.io/v1/": {"auth": "dXNlcjpwYTpzcw=="},
                      "a.test": {"identitytoken": "t"}},
            "credHelpers": {"b.test": "pass"}, "credsStore": "desktop",
            "HttpHeaders": {"X-Meta-Who": "me"}, "detachKeys": "ctrl-x"})",
        "it");
    ASSERT_EQ(document.auths.size(), 2U);
    EXPECT_EQ(document.auths[1].second.user, "user");
    EXPECT_EQ(document.auths[1].second.password, "pa:ss");
    EXPECT_EQ(document.auths[0].second.identity_token, "t");
    EXPECT_EQ(document.store, "desktop");
    EXPECT_EQ(document.headers.size(), 1U);
}

TEST(AuthDocument, OfAnotherShapeIsRefused) {
    for (const char* text : {"[]", "{\"auths\": []}", "{\"auths\": {\"a\": 1}}",
                             "{\"auths\": {\"a\": {\"auth\": \"!\"}}}", "{\"credsStore\": 1}",
                             "{\"credHelpers\": {\"a\": 1}}"})
        EXPECT_THROW(parse_auth_document(text, "it"), Error) << text;
}

class KeptCredentials : public testing::Test {
  protected:
    void write(const char* name, std::string_view text) {
        const Fd fd = open_file(folder.path(), O_RDONLY | O_DIRECTORY);
        replace_file(fd.get(), name, text, 0600, Durability::none);
    }
    TempDir folder;
    CredentialPlaces places{.text = {},
                            .docker_config = folder.path() + "/config.json",
                            .others = {folder.path() + "/auth.json"},
                            .only_others = false};
};

TEST_F(KeptCredentials, OfDockerHubAreFoundUnderAllItsNames) {
    for (const char* key : {"https://index.docker.io/v1/", "docker.io", "index.docker.io"}) {
        write("config.json", fmt::format(R"({{"auths": {{"{}": {{"auth": "YTpi"}}}}}})", key));
        EXPECT_EQ(find_credentials(places, "docker.io", "library/x").user, "a") << key;
        EXPECT_TRUE(find_credentials(places, "quay.io").empty());
    }
}

TEST_F(KeptCredentials, OfAPartOfARegistryWin) {
    write("auth.json",
          R"({"auths": {"a.test": {"auth": "YTpi"}, "a.test/team": {"auth": "Yzpk"}}})");
    EXPECT_EQ(find_credentials(places, "a.test", "team/app").user, "c");
    EXPECT_EQ(find_credentials(places, "a.test", "teamwork").user, "a");
    EXPECT_TRUE(find_credentials(places, "a.test.evil", "x").empty());
}

TEST_F(KeptCredentials, AreKeptAndForgotten) {
    write("config.json", R"({"other": 1})");
    EXPECT_EQ(keep_credentials(places, "docker.io", {"me", "secret", {}}), places.docker_config);
    EXPECT_EQ(find_credentials(places, "docker.io").password, "secret");
    struct stat status{};
    ASSERT_EQ(stat(places.docker_config.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777U, 0600U);
    EXPECT_TRUE(forget_credentials(places, "docker.io"));
    EXPECT_FALSE(forget_credentials(places, "docker.io"));
    EXPECT_NE(read_file(places.docker_config, 1000).find("\"other\""), std::string::npos);
}

TEST(Refusal, IsInDockersWords) {
    HttpAnswer answer;
    answer.status = 403;
    answer.body = R"({"errors":[{"code":"TOO_MANY","message":"slow"},{"code":"B","message":"c"}]})";
    EXPECT_EQ(refusal(answer, "GET").message(), "too many: slow; b: c");
    EXPECT_EQ(refusal(answer, "GET").kind(), ErrorKind::denied);
    answer.body = "<html>\x1b[2J";
    answer.status = 500;
    answer.url = "http://x";
    EXPECT_EQ(refusal(answer, "GET").message().find('\x1b'), std::string::npos);
}

TEST(Link, NamesTheNextPage) {
    EXPECT_EQ(next_link(R"(</v2/_catalog?last=b&n=1>; rel="next")"), "/v2/_catalog?last=b&n=1");
    EXPECT_FALSE(next_link(R"(</x>; rel="prev")").has_value());
    EXPECT_FALSE(next_link("").has_value());
}

TEST(Url, RedirectsAreResolved) {
    EXPECT_EQ(resolve_url("https://a.test/v2/x", "/y?z=1"), "https://a.test/y?z=1");
    EXPECT_EQ(resolve_url("https://a.test/v2/x", "http://b.test:81/"), "http://b.test:81/");
    EXPECT_EQ(host_of_url("https://A.test:443/x"), "a.test");
    EXPECT_EQ(host_of_url("http://[::1]:5000/x"), "[::1]:5000");
    EXPECT_EQ(host_of_url("file:///etc/passwd"), "");
    EXPECT_EQ(escape_query("a b&c=d"), "a%20b%26c%3Dd");
}

}  // namespace
}  // namespace skiff::registry
