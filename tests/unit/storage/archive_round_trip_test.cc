// SPDX-License-Identifier: Apache-2.0
// A tree with all that a distribution has in it, packed by GNU tar and by us, unpacked by GNU tar
// and by us.
#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "archive_support.h"
#include "storage/archive/extract.h"
#include "storage/archive/tar_write.h"

namespace skiff::storage::test {
namespace {

class RoundTrip : public testing::Test {
  protected:
    void SetUp() override {
        if (!is_real_root()) GTEST_SKIP() << "needs root: owners, devices, capabilities";
        run_program({"/bin/cp", "-a", "/usr/share/doc/bash", "/usr/share/zoneinfo/Europe",
                     "/etc/alternatives", tree()});
        file("su", 06755, 0, 42);
        file("unreadable", 0000, 7, 7);
        file("ping", 0755, 0, 0);
        const std::string capability(
            "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
        ASSERT_EQ(setxattr((tree() + "/ping").c_str(), "security.capability", capability.data(),
                           capability.size(), 0),
                  0);
        ASSERT_EQ(setxattr((tree() + "/su").c_str(), "user.origin", "a=b\n\0c", 6, 0), 0);
        ASSERT_EQ(setxattr((tree() + "/Europe").c_str(), "user.of_directory", "", 0, 0), 0);
        ASSERT_EQ(link((tree() + "/su").c_str(), (tree() + "/Europe/su2").c_str()), 0);
        ASSERT_EQ(mkfifo((tree() + "/fifo").c_str(), 0644), 0);
        ASSERT_EQ(mknod((tree() + "/null").c_str(), S_IFCHR | 0666, makedev(1, 3)), 0);
        ASSERT_EQ(symlink(std::string(300, 't').c_str(), (tree() + "/longlink").c_str()), 0);
        ASSERT_EQ(lchown((tree() + "/longlink").c_str(), 3'000'000, 4), 0);
        ASSERT_EQ(mkdir((tree() + "/closed").c_str(), 0000), 0);
        ASSERT_EQ(mkdir((tree() + "/tmp").c_str(), 0), 0);
        ASSERT_EQ(chmod((tree() + "/tmp").c_str(), 01777), 0);
        file(std::string(200, 'n'), 0644, 0, 0);
        file(
            "\xc3\xbc"
            "mlaut",
            0644, 0, 0);
        const Fd sparse = open_file(tree() + "/sparse", O_WRONLY | O_CREAT, 0644);
        ASSERT_EQ(pwrite(sparse.get(), "middle", 6, 1 << 20), 6);
        ASSERT_EQ(ftruncate(sparse.get(), 3 << 20), 0);
        const timespec odd[2] = {{.tv_sec = 1, .tv_nsec = 1},
                                 {.tv_sec = 1'600'000'000, .tv_nsec = 123456789}};
        utimensat(AT_FDCWD, (tree() + "/closed").c_str(), odd, 0);
    }
    void file(const std::string& name, mode_t mode, uid_t uid, gid_t gid) {
        const Fd fd = open_file(tree() + "/" + name, O_WRONLY | O_CREAT | O_EXCL, 0600);
        write_all(fd.get(), name, name);
        ASSERT_EQ(fchown(fd.get(), uid, gid), 0);
        fchmod(fd.get(), mode);
    }
    std::string tree() const { return box.path("root"); }
    void unpack(const std::string& tar, const std::string& name) {
        const RootDir target = box.fresh(name);
        const Fd fd = open_file(box.path(tar), O_RDONLY);
        FdSource source(fd.get(), tar);
        extract_layer(source, target);
    }
    void unpack_by_gnu(const std::string& tar, const std::string& name) {
        box.fresh(name);
        run_program({"/usr/bin/tar", "-C", box.path(name), "--xattrs", "--xattrs-include=*",
                     "--numeric-owner", "-xpf", box.path(tar)});
    }
    std::string content(const std::string& name) const { return manifest(box.path(name)); }

    Sandbox box;
};

TEST_F(RoundTrip, WhatGnuTarPackedComesOutAsGnuTarUnpacksIt) {
    run_program({"/usr/bin/tar", "-C", tree(), "--xattrs", "--xattrs-include=*", "--format=posix",
                 "--sparse", "-cf", box.path("tar"), "."});
    unpack("tar", "ours");
    unpack_by_gnu("tar", "theirs");
    EXPECT_EQ(content("ours"), content("theirs"));
    EXPECT_EQ(content("ours"), content("root"));
    struct stat status{};
    ASSERT_EQ(stat(box.path("ours/sparse").c_str(), &status), 0);
    EXPECT_LT(status.st_blocks * 512, 1 << 20) << "holes stay holes";
}

TEST_F(RoundTrip, WhatWePackComesOutOfGnuTarAndOfUs) {
    // Layers keep whole seconds.
    run_program(
        {"/usr/bin/find", tree(), "-exec", "/usr/bin/touch", "-h", "-d", "@1600000000", "{}", "+"});
    const auto pack = [&](const std::string& from, const std::string& tar) {
        const RootDir root(open_file(box.path(from), O_PATH | O_DIRECTORY));
        const Fd fd = open_file(box.path(tar), O_WRONLY | O_CREAT, 0600);
        FdSink sink(fd.get(), tar);
        write_layer_tar(root, sink);
    };
    pack("root", "tar");
    unpack("tar", "ours");
    unpack_by_gnu("tar", "theirs");
    EXPECT_EQ(content("ours"), content("root"));
    EXPECT_EQ(content("theirs"), content("root"));
    pack("ours", "again");
    EXPECT_TRUE(text_of(box.path("again")) == text_of(box.path("tar")))
        << "equal trees give equal archives";
}

}  // namespace
}  // namespace skiff::storage::test
