// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/file_mode.h"

#include <gtest/gtest.h>

#include "base/error.h"

using namespace skiff;
using namespace skiff::dockerfile;

namespace {

mode_t changed(const char* text, mode_t mode, bool directory = false) {
    return FileMode::parse(text).apply(mode, directory);
}

TEST(FileMode, IsOctal) {
    EXPECT_EQ(changed("755", 0600), 0755U);
    EXPECT_EQ(changed("0", 0777), 0U);
    EXPECT_EQ(changed("7777", 0), 07777U);
    EXPECT_THROW(FileMode::parse("17777"), Error);
    EXPECT_THROW(FileMode::parse("8"), Error);
}

// Each as chmod(1) does it.
TEST(FileMode, IsAChange) {
    EXPECT_EQ(changed("u+x", 0644), 0744U);
    EXPECT_EQ(changed("+x", 0644), 0755U);
    EXPECT_EQ(changed("a+x", 0600), 0711U);
    EXPECT_EQ(changed("go-rwx", 0755), 0700U);
    EXPECT_EQ(changed("u=rw,go=r", 0777), 0644U);
    EXPECT_EQ(changed("u=rwX,go=rX", 0600), 0644U);
    EXPECT_EQ(changed("u=rwX,go=rX", 0700), 0755U);
    EXPECT_EQ(changed("u=rwX,go=rX", 0600, true), 0755U);
    EXPECT_EQ(changed("g=u", 0640), 0660U);
    EXPECT_EQ(changed("o=g-w", 0770), 0775U);
    EXPECT_EQ(changed("u+r-w", 0200), 0400U);
    EXPECT_EQ(changed("a=", 0777), 0U);
    EXPECT_EQ(changed("u+s", 0755), 04755U);
    EXPECT_EQ(changed("ug-s", 06755), 0755U);
    EXPECT_EQ(changed("+t", 0777), 01777U);
    EXPECT_EQ(changed("g=rx", 02775), 0755U);
}

TEST(FileMode, IsNothingElse) {
    for (const char* text : {"", "u", "x", "u+z", "u+x,", ",u+x", "uu", "alpha", "u+x g+x"})
        EXPECT_THROW(FileMode::parse(text), Error) << text;
}

}  // namespace
