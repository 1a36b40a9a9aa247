// SPDX-License-Identifier: Apache-2.0
#include "oci/digest.h"

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::oci {
namespace {

const std::string hex(64, 'a');

TEST(Digest, IsReadAndPrinted) {
    const auto digest = Digest::parse("sha256:" + hex);
    ASSERT_TRUE(digest);
    EXPECT_EQ(digest->hex(), hex);
    EXPECT_EQ(digest->text(), "sha256:" + hex);
    EXPECT_EQ(digest->short_id(), "aaaaaaaaaaaa");
}

TEST(Digest, RefusesOtherAlgorithmsLengthsAndCases) {
    EXPECT_FALSE(Digest::parse("sha512:" + hex + hex));
    EXPECT_FALSE(Digest::parse("sha256:" + hex.substr(1)));
    EXPECT_FALSE(Digest::parse("sha256:" + hex + "a"));
    EXPECT_FALSE(Digest::parse("sha256:" + std::string(64, 'A')));
    EXPECT_FALSE(Digest::parse(hex));
    EXPECT_FALSE(
        Digest::from_hex("../../../../../../../../../../../../../../../../../../../etc/pas"));
}

TEST(Digest, NamesTheOwnerOfAMalformedDigest) {
    try {
        Digest::require("md5:x", "the manifest of 'x'");
        FAIL();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::invalid);
        EXPECT_EQ(error.message(), "the manifest of 'x': \"md5:x\" is not a sha256 digest");
    }
}

}  // namespace
}  // namespace skiff::oci
