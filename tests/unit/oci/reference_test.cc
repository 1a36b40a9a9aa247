// SPDX-License-Identifier: Apache-2.0
#include "oci/reference.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::oci {
namespace {

const std::string digest_text = "sha256:" + std::string(64, 'b');

std::string complete(std::string_view text) {
    return Reference::parse(text).with_default_tag().text();
}

std::string refusal(std::string_view text) {
    try {
        Reference::parse(text);
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        return error.message();
    }
    return "accepted";
}

TEST(Reference, IsCompletedWithDockersDefaults) {
    EXPECT_EQ(complete("busybox"), "docker.io/library/busybox:latest");
    EXPECT_EQ(complete("busybox:1.36"), "docker.io/library/busybox:1.36");
    EXPECT_EQ(complete("docker.io/busybox"), "docker.io/library/busybox:latest");
    EXPECT_EQ(complete("index.docker.io/busybox"), "docker.io/library/busybox:latest");
    EXPECT_EQ(complete("team/app"), "docker.io/team/app:latest");
    EXPECT_EQ(complete("quay.io/team/app:v1"), "quay.io/team/app:v1");
    EXPECT_EQ(complete("localhost/x"), "localhost/x:latest");
    EXPECT_EQ(complete("localhost:5000/team/app:1.2"), "localhost:5000/team/app:1.2");
    EXPECT_EQ(complete("[::1]:5000/app"), "[::1]:5000/app:latest");
    EXPECT_EQ(complete("Host/app"), "Host/app:latest");
    EXPECT_EQ(complete("a__b.c---d"), "docker.io/library/a__b.c---d:latest");
}

TEST(Reference, KeepsADigestAndAddsNoTagToIt) {
    EXPECT_EQ(complete("busybox@" + digest_text), "docker.io/library/busybox@" + digest_text);
    const Reference both = Reference::parse("busybox:1@" + digest_text);
    EXPECT_EQ(both.text(), "docker.io/library/busybox:1@" + digest_text);
    EXPECT_EQ(both.without_redundant_tag().text(), "docker.io/library/busybox@" + digest_text);
}

TEST(Reference, FamiliarTextIsWhatPeopleType) {
    for (const char* text : {"busybox:1", "team/app:1", "localhost:5000/a/b:1", "quay.io/x:1"})
        EXPECT_EQ(Reference::parse(text).familiar_text(), text);
    EXPECT_EQ(Reference::parse("docker.io/library/a/b").familiar_repository(), "library/a/b");
}

TEST(Reference, FamiliarTextReadsBackAsTheSameReference) {
    for (const char* text :
         {"docker.io/library/localhost", "docker.io/localhost/x", "docker.io/a.b/c:1",
          "docker.io/library/library", "docker.io/library/a/b"}) {
        const Reference reference = Reference::parse(text);
        EXPECT_EQ(Reference::parse(reference.familiar_text()), reference) << text;
    }
}

TEST(Reference, RefusesUpperCaseWithDockersWords) {
    EXPECT_EQ(refusal("Bad Ref"),
              "invalid reference format: repository name (library/Bad Ref) must be lowercase");
    EXPECT_EQ(refusal("Bad/Name"),
              "invalid reference format: repository name (Name) must be lowercase");
    EXPECT_EQ(refusal("team/App:V1"),
              "invalid reference format: repository name (team/App) must be lowercase");
}

TEST(Reference, RefusesWhatTheGrammarDoesNotKnow) {
    for (const char* text :
         {"",         "/",          ":",           "@",    "a b",         "a..b",        "a___b",
          "-a",       "a-",         "_a",          "a/",   "/a",          "a//b",        "a:",
          "a:-x",     "a:b:c",      "a@sha256:12", "a@",   "-host.com/a", "host-.com/a", "h..com/a",
          "host:x/a", "host:/a",    "[::1/a",      "[]/a", "[x]:1/a",     "../a",        "a/../b",
          "a\n",      "docker.io/", "\xc3\xa4"})
        EXPECT_EQ(refusal(text), "invalid reference format") << text;
}

TEST(Reference, RefusesWhatCouldBeTakenForAnImageId) {
    const std::string id(64, 'c');
    EXPECT_EQ(refusal(id),
              "invalid repository name (" + id + "), cannot specify 64-byte hexadecimal strings");
}

TEST(Reference, BoundsTheLengthOfPathAndTag) {
    EXPECT_EQ(refusal("x/" + std::string(253, 'a')), "accepted");
    EXPECT_EQ(refusal("x/" + std::string(254, 'a')),
              "repository name must not be more than 255 characters");
    EXPECT_EQ(refusal("x:" + std::string(128, 'A')), "accepted");
    EXPECT_EQ(refusal("x:" + std::string(129, 'a')), "invalid reference format");
}

TEST(Reference, ATagTargetHasNoDigest) {
    EXPECT_EQ(parse_tag_target("x").text(), "docker.io/library/x:latest");
    EXPECT_THROW(parse_tag_target("x@" + digest_text), Error);
}

}  // namespace
}  // namespace skiff::oci
