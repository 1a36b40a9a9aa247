// SPDX-License-Identifier: Apache-2.0
#include "base/root_dir.h"

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/in_root.h"

namespace skiff {
namespace {

class RootDirTest : public testing::Test {
  protected:
    RootDirTest() {
        mkdir((temp_.path() + "/root").c_str(), 0755);
        write("secret", "host");
    }
    void write(const std::string& path, const std::string& content) {
        const Fd fd = open_file(temp_.path() + "/" + path, O_WRONLY | O_CREAT, 0644);
        write_all(fd.get(), content, path);
    }
    void link(const std::string& text, const std::string& path) {
        ASSERT_EQ(symlink(text.c_str(), (temp_.path() + "/root/" + path).c_str()), 0);
    }
    std::string host(const std::string& path) { return temp_.path() + "/" + path; }

    TempDir temp_;
    RootDir root() { return RootDir(open_file(host("root"), O_PATH | O_DIRECTORY)); }
};

TEST_F(RootDirTest, LinksCannotLeaveTheRoot) {
    link("/secret", "absolute");
    link("../secret", "relative");
    write("root/secret", "inside");
    EXPECT_EQ(root().find_file("absolute", 100), "inside");
    EXPECT_EQ(root().find_file("/relative", 100), "inside");
    EXPECT_EQ(root().find_file("../../secret", 100), "inside");
}

TEST_F(RootDirTest, AFifoIsRefusedInsteadOfWaitedFor) {
    ASSERT_EQ(mkfifo(host("root/passwd").c_str(), 0644), 0);
    EXPECT_THROW(root().find_file("passwd", 100), Error);
}

TEST_F(RootDirTest, ATargetIsMadeBehindADanglingLinkInsideTheRoot) {
    mkdir(host("root/etc").c_str(), 0755);
    link("../run/resolve/stub.conf", "etc/resolv.conf");
    const RootDir dir = root();
    const Fd target(in_root::open_target(dir.fd(), "/etc/resolv.conf", in_root::Target::file));
    ASSERT_TRUE(target.valid());
    struct stat status{};
    ASSERT_EQ(stat(host("root/run/resolve/stub.conf").c_str(), &status), 0);
    EXPECT_TRUE(S_ISREG(status.st_mode));
}

TEST_F(RootDirTest, ATargetBehindAnEscapingLinkIsMadeInsideTheRoot) {
    link("/../../outside", "data");
    const RootDir dir = root();
    const Fd target(in_root::open_target(dir.fd(), "/data/x", in_root::Target::directory));
    ASSERT_TRUE(target.valid());
    EXPECT_EQ(access(host("outside").c_str(), F_OK), -1);
    EXPECT_EQ(access(host("root/outside/x").c_str(), F_OK), 0);
}

TEST_F(RootDirTest, ALoopOfLinksEnds) {
    link("b", "a");
    link("a", "b");
    const RootDir dir = root();
    EXPECT_EQ(in_root::open_target(dir.fd(), "/a/x", in_root::Target::directory), -ELOOP);
}

TEST_F(RootDirTest, AMemberBehindALinkIsRefused) {
    mkdir(host("outside").c_str(), 0755);
    link("../outside", "dir");
    EXPECT_THROW(root().open_parent_beneath("dir/file", true), SystemError);
    EXPECT_THROW(root().open_parent_beneath("../x", true), Error);
    EXPECT_THROW(root().open_parent_beneath("/", true), Error);
    const RootDir::Parent parent = root().open_parent_beneath("./a//b/./c", true);
    EXPECT_EQ(parent.name, "c");
    EXPECT_EQ(access(host("root/a/b").c_str(), F_OK), 0);
}

TEST_F(RootDirTest, RemoveTreeNeitherFollowsLinksNorStopsAtClosedDirectories) {
    mkdir(host("root/closed").c_str(), 0755);
    link("../../secret", "closed/link");
    chmod(host("root/closed").c_str(), 0);
    const Fd parent = open_file(temp_.path(), O_RDONLY | O_DIRECTORY);
    remove_tree(parent.get(), "root");
    EXPECT_EQ(access(host("root").c_str(), F_OK), -1);
    EXPECT_EQ(access(host("secret").c_str(), F_OK), 0);
    remove_tree(parent.get(), "root");
}

TEST_F(RootDirTest, RemoveTreeTakesTreesDeeperThanThereAreDescriptors) {
    Fd here = open_file(host("root"), O_RDONLY | O_DIRECTORY);
    for (int depth = 0; depth < 3000; ++depth) {
        ASSERT_EQ(mkdirat(here.get(), "d", 0700), 0);
        here = open_at(here.get(), "d", O_RDONLY | O_DIRECTORY);
    }
    here.reset();
    const Fd parent = open_file(temp_.path(), O_RDONLY | O_DIRECTORY);
    remove_tree(parent.get(), "root");
    EXPECT_EQ(list_directory(parent.get()), std::vector<std::string>{"secret"});
}

}  // namespace
}  // namespace skiff
