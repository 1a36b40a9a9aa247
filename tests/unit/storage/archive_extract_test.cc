// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#include "archive_support.h"
#include "base/error.h"
#include "storage/archive/extract.h"
#include "storage/archive/sha256.h"

namespace skiff::storage::test {
namespace {

class Extract : public testing::Test {
  protected:
    struct stat status(const std::string& name) const {
        struct stat result{};
        EXPECT_EQ(lstat(box.path("root/" + name).c_str(), &result), 0) << name;
        return result;
    }
    bool exists(const std::string& name) const {
        struct stat result{};
        return lstat(box.path("root/" + name).c_str(), &result) == 0;
    }
    bool is_whiteout(const std::string& name) const {
        const struct stat s = status(name);
        return S_ISCHR(s.st_mode) && s.st_rdev == 0;
    }
    std::string xattr(const std::string& name, const char* key) const {
        std::array<char, 256> value{};
        const ssize_t n =
            lgetxattr(box.path("root/" + name).c_str(), key, value.data(), value.size());
        return n < 0 ? "none" : std::string(value.data(), static_cast<size_t>(n));
    }
    std::string text(const std::string& name) const { return text_of(box.path("root/" + name)); }

    Sandbox box;
    TarBuilder tar;
    // What works for every user.
    ExtractOptions options{.overlay_xattrs = OverlayXattrs::user};
};

/// Tests of owners and devices.
class ExtractAsRoot : public Extract {
  protected:
    void SetUp() override {
        if (!is_real_root()) GTEST_SKIP() << "needs root in the initial user namespace";
    }
};

unsigned self() {
    return geteuid();
}

TarBuilder::Member mine(TarBuilder::Member member) {
    member.uid = self();
    member.gid = getegid();
    return member;
}

TEST_F(Extract, MakesFilesDirectoriesAndLinksWithModesAndTimes) {
    tar.add(mine({.name = "./", .type = '5', .mode = 0751, .mtime = 5}));
    tar.add(mine({.name = "dir/", .type = '5', .mode = 0550, .mtime = 6}));
    tar.add(mine({.name = "dir/file", .content = "content", .mode = 0640, .mtime = 7}));
    tar.add(mine({.name = "dir/link", .type = '2', .link = "/etc/passwd", .mtime = 8}));
    tar.add(mine({.name = "hard", .type = '1', .link = "dir/file"}));
    tar.add(mine({.name = "pipe", .type = '6', .mode = 0622, .mtime = 9}));
    const ExtractResult result = box.extract(tar.finish());
    EXPECT_EQ(status("").st_mode, S_IFDIR | 0751U);
    EXPECT_EQ(status("").st_mtim.tv_sec, 5);
    EXPECT_EQ(status("dir").st_mode, S_IFDIR | 0550U);
    EXPECT_EQ(status("dir").st_mtim.tv_sec, 6);
    EXPECT_EQ(status("dir/file").st_mode, S_IFREG | 0640U);
    EXPECT_EQ(status("dir/file").st_mtim.tv_sec, 7);
    EXPECT_EQ(status("dir/file").st_nlink, 2U);
    EXPECT_EQ(status("dir/link").st_mtim.tv_sec, 8);
    EXPECT_EQ(status("pipe").st_mode, S_IFIFO | 0622U);
    EXPECT_EQ(text("hard"), "content");
    EXPECT_EQ(result.entries, 6U);
    EXPECT_EQ(result.file_bytes, 7U);
}

TEST_F(Extract, DigestsAllBytesUpToTheEnd) {
    const std::string bytes =
        tar.add(mine({.name = "a", .content = "x"})).finish() + std::string(9000, '\0') + "trailer";
    const ExtractResult result = box.extract(bytes);
    EXPECT_EQ(result.diff_id, "sha256:" + sha256_hex(bytes));
    EXPECT_EQ(result.plain_bytes, bytes.size());
}

TEST_F(Extract, ToleratesNamesThatBeginAtTheRoot) {
    tar.add(mine({.name = "/abs/./x", .content = "1"})).add(mine({.name = ".//y", .content = "2"}));
    tar.add(mine({.name = "z", .type = '1', .link = "/abs/x"}));
    box.extract(tar.finish());
    EXPECT_EQ(text("z"), "1");
    EXPECT_EQ(text("y"), "2");
}

TEST_F(Extract, LaterMembersReplaceEarlierOnes) {
    tar.add(mine({.name = "a/b/c", .content = "deep"}));
    tar.add(mine({.name = "a/b/", .type = '5', .mode = 0700, .mtime = 1}));
    tar.add(mine({.name = "a", .content = "file now"}));
    tar.add(mine({.name = "l", .type = '2', .link = "nowhere"}));
    tar.add(mine({.name = "l/", .type = '5', .mode = 0755}));
    tar.add(mine({.name = "l/in", .content = "inside"}));
    tar.add(mine({.name = "f", .content = "old and long"}))
        .add(mine({.name = "f", .content = "new"}));
    box.extract(tar.finish());
    EXPECT_EQ(text("a"), "file now");
    EXPECT_EQ(text("l/in"), "inside");
    EXPECT_EQ(text("f"), "new");
}

TEST_F(Extract, ADirectoryOntoADirectoryKeepsItsContent) {
    tar.add(mine({.name = "d/x", .content = "1"}))
        .add(mine({.name = "d/", .type = '5', .mode = 0711, .mtime = 3}));
    box.extract(tar.finish());
    EXPECT_EQ(text("d/x"), "1");
    EXPECT_EQ(status("d").st_mode, S_IFDIR | 0711U);
    EXPECT_EQ(status("d").st_mtim.tv_sec, 3);
}

TEST_F(Extract, WritingAgainThroughAHardLinkLeavesTheOtherName) {
    tar.add(mine({.name = "a", .content = "first"}))
        .add(mine({.name = "b", .type = '1', .link = "a"}));
    tar.add(mine({.name = "b", .content = "second"}))
        .add(mine({.name = "a", .type = '1', .link = "a"}));
    box.extract(tar.finish());
    EXPECT_EQ(text("a"), "first");
    EXPECT_EQ(text("b"), "second");
}

TEST_F(Extract, WhiteoutsHideLowerFiles) {
    tar.file("dir/.wh.gone")
        .file("other/.wh..wh..opq")
        .file(".wh..wh.plnk")
        .file(".wh..wh.plnk/12.34");
    const ExtractResult result = box.extract(tar.finish(), options);
    EXPECT_TRUE(is_whiteout("dir/gone"));
    EXPECT_EQ(xattr("other", "user.overlay.opaque"), "y");
    EXPECT_FALSE(exists(".wh..wh.plnk"));
    EXPECT_FALSE(result.root_is_opaque);
    EXPECT_EQ(result.entries, 4U);
}

TEST_F(Extract, AWhiteoutDoesNotDependOnItsPlaceInTheLayer) {
    tar.add(mine({.name = "before", .content = "new"})).file(".wh.before");
    tar.file(".wh.after").add(mine({.name = "after", .content = "new"}));
    tar.add(mine({.name = "dir1/x", .content = "new"})).file(".wh.dir1");
    tar.file(".wh.dir2").add(mine({.name = "dir2/", .type = '5'}));
    tar.file(".wh.dir3").add(mine({.name = "dir3/implied/x", .content = "new"}));
    box.extract(tar.finish(), options);
    EXPECT_EQ(text("before"), "new");
    EXPECT_EQ(text("after"), "new");
    EXPECT_EQ(text("dir1/x"), "new");
    EXPECT_EQ(text("dir3/implied/x"), "new");
    for (const char* name : {"dir1", "dir2", "dir3"})
        EXPECT_EQ(xattr(name, "user.overlay.opaque"), "y") << name;
}

TEST_F(Extract, AnOpaqueRootIsReported) {
    EXPECT_TRUE(box.extract(tar.file(".wh..wh..opq").finish(), options).root_is_opaque);
}

TEST_F(Extract, ImpliedDirectoriesLookLikeThoseBelow) {
    const RootDir lower = box.fresh("lower");
    TarBuilder base;
    base.add(mine({.name = "tmp", .type = '5', .mode = 01777, .mtime = 77}));
    const std::string bytes = base.finish();
    MemorySource source(bytes);
    extract_layer(source, lower);
    options.lowers = [&] { return std::span(&lower, 1); };
    box.extract(
        tar.add(mine({.name = "tmp/x", .content = "1"})).add(mine({.name = "new/x"})).finish(),
        options);
    EXPECT_EQ(status("tmp").st_mode, S_IFDIR | 01777U);
    EXPECT_EQ(status("tmp").st_mtim.tv_sec, 77);
    EXPECT_EQ(status("new").st_mode, S_IFDIR | 0755U);
}

TEST_F(Extract, WaitsForLowerLayersAtTheEndOnly) {
    const RootDir lower = box.fresh("lower");
    TarBuilder base;
    base.add(mine({.name = "a", .type = '5', .mode = 0711}));
    base.add(mine({.name = "a/b", .type = '5', .mode = 0710}));
    base.add(mine({.name = "a/c", .type = '5', .mode = 0701}));
    base.add(mine({.name = "a/d", .type = '5', .mode = 0700}));
    const std::string bytes = base.finish();
    MemorySource source(bytes);
    extract_layer(source, lower);
    int asked = 0;
    options.lowers = [&] {
        ++asked;
        EXPECT_EQ(status("a/c/last").st_mode, S_IFREG | 0644U);
        return std::span(&lower, 1);
    };
    box.extract(tar.add(mine({.name = "a/b/x"}))
                    .add(mine({.name = "a/d/x"}))
                    .add(mine({.name = "a/b", .type = '5', .mode = 0755}))
                    .add(mine({.name = "a/d", .content = "1"}))
                    .add(mine({.name = "a/c/last", .content = "1"}))
                    .finish(),
                options);
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(status("a").st_mode, S_IFDIR | 0711U);
    EXPECT_EQ(status("a/b").st_mode, S_IFDIR | 0755U);  // its own entry counts
    EXPECT_EQ(status("a/c").st_mode, S_IFDIR | 0701U);
    EXPECT_EQ(status("a/d").st_mode, S_IFREG | 0644U);  // no directory any more
}

TEST_F(Extract, KeepsPortableAttributesOnly) {
    const auto with = [](const std::string& name) {
        return PaxRecord{"SCHILY.xattr." + name, "value"};
    };
    tar.add(mine({.name = "f",
                  .pax = {with("user.mine"), with("user.overlay.redirect"),
                          with("trusted.overlay.opaque"), with("security.selinux"),
                          with("user.containers.override_stat"), with("trusted.x")}}));
    tar.add(
        mine({.name = "d/", .type = '5', .pax = {with("user.dir"), with("user.overlay.opaque")}}));
    const ExtractResult result = box.extract(tar.finish());
    EXPECT_EQ(xattr("f", "user.mine"), "value");
    EXPECT_EQ(xattr("d", "user.dir"), "value");
    for (const char* key : {"user.overlay.redirect", "trusted.overlay.opaque",
                            "user.containers.override_stat", "trusted.x"})
        EXPECT_EQ(xattr("f", key), "none") << key;
    EXPECT_EQ(xattr("d", "user.overlay.opaque"), "none");
    EXPECT_EQ(result.dropped_xattrs, 6U);
}

TEST_F(Extract, RecordsOwnersInsteadOfGivingThem) {
    options.ownership = Ownership::record;
    tar.add({.name = "f", .content = "x", .mode = 04755, .uid = 7, .gid = 8})
        .add({.name = "d/", .type = '5', .uid = 9});
    tar.add({.name = "l", .type = '2', .link = "x", .uid = 10});
    box.extract(tar.finish(), options);
    EXPECT_EQ(status("f").st_uid, self());
    EXPECT_EQ(xattr("f", "user.containers.override_stat"), "7:8:04755");
    EXPECT_EQ(xattr("d", "user.containers.override_stat"), "9:0:0644");
    EXPECT_EQ(status("l").st_uid, self());
}

TEST_F(Extract, LeavesNoTraceInTheUmask) {
    const mode_t before = umask(0077);
    box.extract(tar.add(mine({.name = "f", .mode = 0666})).finish());
    EXPECT_EQ(umask(before), 0077U);
    EXPECT_EQ(status("f").st_mode & 0777U, 0666U);
}

TEST_F(Extract, TakesAnArchiveWithoutEndOnlyWhenAllowed) {
    tar.add(mine({.name = "f"}));
    EXPECT_EQ(box.failure(tar.without_end()), "the archive has no end: it was cut");
    options.end_marker = EndMarker::optional;
    EXPECT_EQ(box.failure(tar.without_end(), options), "");
    EXPECT_EQ(box.failure("", options), "");
    EXPECT_NE(box.failure(""), "");
}

TEST_F(Extract, StopsAtTheLimits) {
    tar.add(mine({.name = "a"})).add(mine({.name = "b"}));
    EXPECT_EQ(box.failure(tar.finish(), {.limits = {.entries = 1}}),
              "the archive has more than 1 entries at entry \"a\"");
    EXPECT_EQ(box.failure(tar.finish(), {.plain_bytes = 1000}),
              "the unpacked archive is larger than 1000 bytes");
}

TEST_F(ExtractAsRoot, GivesOwnersAndSetIdModes) {
    tar.add({.name = "su", .content = "x", .mode = 06755, .uid = 12, .gid = 34});
    tar.add({.name = "dir/", .type = '5', .mode = 02775, .uid = 12, .gid = 50});
    tar.add({.name = "dir/in", .uid = 0, .gid = 0});
    tar.add({.name = "link", .type = '2', .link = "x", .uid = 12, .gid = 34});
    box.extract(tar.finish());
    EXPECT_EQ(status("su").st_mode, S_IFREG | 06755U);
    EXPECT_EQ(status("su").st_uid, 12U);
    EXPECT_EQ(status("su").st_gid, 34U);
    EXPECT_EQ(status("dir").st_mode, S_IFDIR | 02775U);
    EXPECT_EQ(status("dir").st_gid, 50U);
    EXPECT_EQ(status("dir/in").st_gid, 0U);
    EXPECT_EQ(status("link").st_uid, 12U);
}

TEST_F(ExtractAsRoot, MakesDeviceNodes) {
    tar.add({.name = "null", .type = '3', .mode = 0666, .major = 1, .minor = 3})
        .add({.name = "loop", .type = '4', .major = 7});
    EXPECT_EQ(box.extract(tar.finish()).skipped_devices, 0U);
    EXPECT_EQ(status("null").st_mode, S_IFCHR | 0666U);
    EXPECT_EQ(status("null").st_rdev, makedev(1, 3));
    EXPECT_EQ(status("loop").st_mode, S_IFBLK | 0644U);
}

TEST_F(ExtractAsRoot, GivesCapabilitiesWithoutTheRootOfANamespace) {
    // Version 3: cap_net_raw, effective, for the namespace of root id 100000.
    const std::string v3(
        "\x01\x00\x00\x03\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xa0\x86"
        "\x01\x00",
        24);
    const std::string v2(
        "\x01\x00\x00\x02\x00\x20\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", 20);
    tar.add({.name = "ping",
             .content = "x",
             .mode = 0755,
             .uid = 3,
             .pax = {{"SCHILY.xattr.security.capability", v3}}});
    box.extract(tar.finish());
    EXPECT_EQ(xattr("ping", "security.capability"), v2);
}

}  // namespace
}  // namespace skiff::storage::test
