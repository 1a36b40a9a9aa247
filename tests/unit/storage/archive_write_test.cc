// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/xattr.h>

#include "archive_support.h"
#include "base/error.h"
#include "storage/archive/extract.h"
#include "storage/archive/tar_write.h"

namespace skiff::storage::test {
namespace {

/// Names and kinds of the members, in order.
std::string listing(const std::string& bytes) {
    MemorySource source(bytes);
    TarReader reader(source);
    std::string text;
    while (const TarEntry* entry = reader.next())
        text += fmt::format("{} {}{}\n", to_string(entry->type), entry->name,
                            entry->link_target.empty() ? "" : " -> " + entry->link_target);
    EXPECT_TRUE(reader.has_end_marker());
    return text;
}

std::string pack(const Sandbox& box,
                 const TreeTarOptions& options = {.overlay_xattrs = OverlayXattrs::user}) {
    MemorySink sink;
    const RootDir root = box.root();
    write_layer_tar(root, sink, options);
    return sink.bytes();
}

TarEntry round_trip(const TarEntry& entry) {
    MemorySink sink;
    TarWriter writer(sink);
    MemorySource nothing;
    writer.add(entry, nothing);
    writer.finish();
    EXPECT_EQ(sink.bytes().size() % tar_block_size, 0U);
    MemorySource source(sink.bytes());
    TarReader reader(source);
    const TarEntry* result = reader.next();
    EXPECT_NE(result, nullptr);
    return result == nullptr ? TarEntry{} : *result;
}

TEST(TarWriter, EveryLengthOfNameSurvives) {
    for (size_t size = 1; size <= 400; ++size) {
        TarEntry entry;
        for (size_t i = 0; i < size; ++i) entry.name += i % 60 == 59 && i + 1 < size ? '/' : 'n';
        entry.type = TarEntryType::symlink;
        entry.link_target = entry.name;
        const TarEntry result = round_trip(entry);
        EXPECT_EQ(result.name, entry.name);
        EXPECT_EQ(result.link_target, entry.link_target);
        entry.name = std::string(size, 'x');
        EXPECT_EQ(round_trip(entry).name, entry.name);
    }
}

TEST(TarWriter, LargeNumbersSurvive) {
    TarEntry entry;
    entry.type = TarEntryType::character_device;
    entry.name = "\xc3\xa4";
    entry.mode = 07777;
    entry.uid = 4'294'967'294;
    entry.gid = 2'097'152;
    entry.mtime = {-5, 0};
    entry.device_major = 0xfff;
    entry.device_minor = 0xfffff;
    entry.xattrs = {{"user.a", std::string("=\n\0", 3)}, {"user.empty", ""}};
    const TarEntry result = round_trip(entry);
    EXPECT_EQ(result.name, entry.name);
    EXPECT_EQ(result.mode, entry.mode);
    EXPECT_EQ(result.uid, entry.uid);
    EXPECT_EQ(result.gid, entry.gid);
    EXPECT_EQ(result.mtime.seconds, -5);
    EXPECT_EQ(result.device_major, 0xfffU);
    EXPECT_EQ(result.device_minor, 0xfffffU);
    ASSERT_EQ(result.xattrs.size(), 2U);
    EXPECT_EQ(result.xattrs[0].value, std::string("=\n\0", 3));
    EXPECT_EQ(result.xattrs[1].value, "");
}

TEST(TarWriter, ContentThatEndsEarlyIsAnError) {
    MemorySink sink;
    TarWriter writer(sink);
    MemorySource three("abc");
    EXPECT_THROW(writer.add_file("f", 4, three), Error);
}

TEST(TarWriter, MembersCanBeAddedFromMemoryAndSources) {
    MemorySink sink;
    TarWriter writer(sink);
    MemorySource long_content("abcdef");
    writer.add_directory("blobs");
    writer.add_file("blobs/a", "content");
    writer.add_file("blobs/b", 3, long_content);
    writer.finish();
    EXPECT_EQ(listing(sink.bytes()), "directory blobs/\nfile blobs/a\nfile blobs/b\n");
    EXPECT_EQ(sink.bytes().size(), 7 * tar_block_size);
}

TEST(LayerTar, TurnsOverlayMarksIntoWhiteouts) {
    const Sandbox box;
    TarBuilder tar;
    tar.directory("dir")
        .file("dir/.wh..wh..opq")
        .file("dir/a", "x")
        .hard_link("dir/b", "dir/a")
        .file("dir/.wh.gone")
        .file(".wh.top");
    ASSERT_EQ(box.failure(tar.finish(),
                          {.ownership = Ownership::record, .overlay_xattrs = OverlayXattrs::user}),
              "");
    EXPECT_EQ(listing(pack(box)),
              "directory ./\ndirectory dir/\nfile dir/.wh..wh..opq\nfile dir/a\nhard link dir/b -> "
              "dir/a\nfile dir/.wh.gone\nfile .wh.top\n");
}

TEST(LayerTar, ReadsRecordedOwners) {
    const Sandbox box;
    TarBuilder tar;
    tar.add({.name = "f", .content = "x", .mode = 04711, .uid = 7, .gid = 8});
    ASSERT_EQ(box.failure(tar.finish(), {.ownership = Ownership::record}), "");
    const std::string bytes =
        pack(box, {.overlay_xattrs = OverlayXattrs::user, .recorded_owners = true});
    MemorySource source(bytes);
    TarReader reader(source);
    reader.next();
    const TarEntry* entry = reader.next();
    ASSERT_NE(entry, nullptr);
    EXPECT_EQ(entry->uid, 7U);
    EXPECT_EQ(entry->gid, 8U);
    EXPECT_EQ(entry->mode, 04711U);
    EXPECT_TRUE(entry->xattrs.empty());
}

TEST(LayerTar, RefusesNamesThatWouldBecomeDeletions) {
    const Sandbox box;
    mkdir(box.path("root/.wh.x").c_str(), 0755);
    EXPECT_THROW(pack(box), Error);
}

TEST(LayerTar, LeavesOutSocketsAndFollowsNoLink) {
    const Sandbox box;
    const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    box.path("root/socket").copy(address.sun_path, sizeof address.sun_path - 1);
    ASSERT_EQ(bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    ASSERT_EQ(symlink("../canary", box.path("root/link").c_str()), 0);
    ASSERT_EQ(mkfifo(box.path("root/pipe").c_str(), 0600), 0);
    const std::string bytes = pack(box);
    EXPECT_EQ(listing(bytes), "directory ./\nsymbolic link link -> ../canary\nnamed pipe pipe\n");
    EXPECT_EQ(bytes.find("untouched"), std::string::npos);
}

}  // namespace
}  // namespace skiff::storage::test
