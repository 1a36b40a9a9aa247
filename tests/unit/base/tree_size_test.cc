// SPDX-License-Identifier: Apache-2.0
#include "base/tree_size.h"

#include <filesystem>
#include <fstream>

#include <gtest/gtest.h>

#include "base/file.h"

namespace skiff {
namespace {

namespace fs = std::filesystem;

void write(const fs::path& path, size_t bytes) {
    std::ofstream(path) << std::string(bytes, 'x');
}

TEST(TreeSize, AddsFilesAndLinksButNoDirectories) {
    const TempDir scratch;
    const fs::path root = scratch.path();
    fs::create_directories(root / "a/b/c");
    write(root / "one", 100);
    write(root / "a/b/c/two", 20);
    fs::create_symlink("12345", root / "a/link");
    EXPECT_EQ(find_tree_size(root), 125U);
}

TEST(TreeSize, CountsAFileWithSeveralNamesOnce) {
    const TempDir scratch;
    const fs::path root = scratch.path();
    fs::create_directory(root / "a");
    write(root / "one", 100);
    fs::create_hard_link(root / "one", root / "a/again");
    EXPECT_EQ(find_tree_size(root), 100U);
}

TEST(TreeSize, DoesNotFollowLinks) {
    const TempDir scratch;
    const fs::path root = scratch.path();
    fs::create_directories(root / "outside");
    fs::create_directories(root / "inside");
    write(root / "outside/large", 100'000);
    fs::create_directory_symlink(root / "outside", root / "inside/l");
    EXPECT_EQ(find_tree_size(root / "inside"), (root / "outside").native().size());
}

TEST(TreeSize, SaysWhenThereIsNone) {
    const TempDir scratch;
    EXPECT_EQ(find_tree_size(scratch.path() + "/nosuch"), std::nullopt);
}

}  // namespace
}  // namespace skiff
