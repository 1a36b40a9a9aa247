// SPDX-License-Identifier: Apache-2.0
#include "base/file.h"

#include <fcntl.h>

#include <gtest/gtest.h>

#include "base/error.h"
#include "base/file_lock.h"

namespace skiff {
namespace {

class FileTest : public testing::Test {
  protected:
    TempDir temp_;
    Fd dir_ = open_file(temp_.path(), O_RDONLY | O_DIRECTORY);
};

TEST_F(FileTest, ReplaceLeavesNoTemporaryBehind) {
    replace_file(dir_.get(), "a", "one", 0600, Durability::none);
    replace_file(dir_.get(), "a", "two", 0600, Durability::sync);
    EXPECT_EQ(find_file(dir_.get(), "a", 100), "two");
    EXPECT_EQ(list_directory(dir_.get()), std::vector<std::string>{"a"});
}

TEST_F(FileTest, ANameMayBeAPathBelowTheDirectory) {
    open_or_make_directory(dir_.get(), "sub", 0700);
    replace_file(dir_.get(), "sub/a", "one", 0600, Durability::sync);
    EXPECT_TRUE(create_file(dir_.get(), "sub/b", "two", 0600, Durability::sync));
    EXPECT_EQ(find_file(dir_.get(), "sub/a", 100), "one");
    EXPECT_EQ(list_directory(open_at(dir_.get(), "sub", O_RDONLY).get()).size(), 2U);
}

TEST_F(FileTest, CreateRefusesAnExistingName) {
    EXPECT_TRUE(create_file(dir_.get(), "a", "one", 0600, Durability::none));
    EXPECT_FALSE(create_file(dir_.get(), "a", "two", 0600, Durability::none));
    EXPECT_EQ(find_file(dir_.get(), "a", 100), "one");
    EXPECT_EQ(list_directory(dir_.get()).size(), 1U);
}

TEST_F(FileTest, ReadingStopsAtTheLimit) {
    replace_file(dir_.get(), "a", "12345", 0600, Durability::none);
    EXPECT_THROW(find_file(dir_.get(), "a", 4), Error);
    EXPECT_EQ(find_file(dir_.get(), "a", 5), "12345");
    EXPECT_FALSE(find_file(dir_.get(), "absent", 5));
}

TEST_F(FileTest, ALockIsSeenByOthersUntilItsDescriptorIsGone) {
    EXPECT_FALSE(is_locked(dir_.get(), "lock"));
    auto lock = FileLock::attempt(dir_.get(), "lock", LockMode::exclusive);
    ASSERT_TRUE(lock);
    EXPECT_TRUE(is_locked(dir_.get(), "lock"));
    EXPECT_FALSE(FileLock::attempt(dir_.get(), "lock", LockMode::shared));
    Fd copy = duplicate(lock->fd());
    lock->unlock();
    EXPECT_TRUE(is_locked(dir_.get(), "lock"));
    copy.reset();
    EXPECT_FALSE(is_locked(dir_.get(), "lock"));
}

}  // namespace
}  // namespace skiff
