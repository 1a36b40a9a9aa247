// SPDX-License-Identifier: Apache-2.0
// Archives as an attacker writes them: nothing outside the target changes, the error names the
// entry, no descriptor leaks.
#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "archive_support.h"
#include "base/error.h"
#include "storage/archive/extract.h"

namespace skiff::storage::test {
namespace {

class Attack : public testing::Test {
  protected:
    /// Extracts, and checks what no archive may do, whether it succeeds or not.
    std::string attempt(const std::string& bytes) {
        const size_t before = open_descriptors();
        const std::string message = box.failure(bytes, options);
        EXPECT_EQ(open_descriptors(), before);
        EXPECT_TRUE(box.is_unharmed());
        return message;
    }
    std::string up(const std::string& name) { return "../" + name; }

    Sandbox box;
    TarBuilder tar;
    ExtractOptions options{.ownership = Ownership::record, .overlay_xattrs = OverlayXattrs::user};
};

TEST_F(Attack, NamesWithDotDotAreRefused) {
    for (const char* name :
         {"../canary", "a/../../canary", "..", "a/..", "/../canary", "./.././canary", "a/../b"}) {
        EXPECT_EQ(attempt(TarBuilder().file(name, "evil").finish()),
                  "the archive's entry \"" + std::string(name) + "\" points out of its root");
        EXPECT_NE(attempt(TarBuilder().directory(name).finish()), "") << name;
        EXPECT_NE(attempt(TarBuilder().symlink(name, "x").finish()), "") << name;
    }
}

TEST_F(Attack, AbsoluteNamesMeanTheRootOfTheTarget) {
    EXPECT_EQ(attempt(tar.file(box.path("canary"), "evil").finish()), "");
    EXPECT_EQ(text_of(box.path("root" + box.path("canary"))), "evil");
}

TEST_F(Attack, NothingIsWrittenThroughALinkOutOfTheRoot) {
    for (const std::string& target :
         {std::string(".."), box.path(""), std::string("/"), std::string("/proc/self/cwd")}) {
        Sandbox fresh;
        TarBuilder hostile;
        hostile.symlink("exit", target).file("exit/canary", "evil");
        EXPECT_EQ(fresh.failure(hostile.finish(), options),
                  "\"exit\" is a symbolic link, but another entry of the archive lies below it");
        EXPECT_TRUE(fresh.is_unharmed());
    }
}

TEST_F(Attack, NothingIsMadeThroughALinkByAnyKindOfMember) {
    tar.symlink("exit", "..");
    const std::string prefix = tar.without_end();
    for (const char type : {'0', '1', '2', '3', '4', '5', '6'}) {
        TarBuilder member;
        member.file("here").add({.name = "exit/new", .type = type, .link = "here"});
        EXPECT_EQ(attempt(prefix + member.finish()),
                  "\"exit\" is a symbolic link, but another entry of the archive lies below it")
            << type;
    }
    EXPECT_NE(attempt(prefix + TarBuilder().file("exit/.wh.canary").finish()), "");
    EXPECT_NE(attempt(prefix + TarBuilder().file("exit/.wh..wh..opq").finish()), "");
}

TEST_F(Attack, AFileOntoALinkReplacesTheLink) {
    EXPECT_EQ(attempt(tar.symlink("x", "../canary").file("x", "evil").finish()), "");
    EXPECT_EQ(text_of(box.path("root/x")), "evil");
}

TEST_F(Attack, ADirectoryOntoALinkReplacesTheLink) {
    EXPECT_EQ(attempt(tar.symlink("x", "..").directory("x/").file("x/canary", "evil").finish()),
              "");
    EXPECT_EQ(text_of(box.path("root/x/canary")), "evil");
}

TEST_F(Attack, ADirectorySwappedForALinkMidwayIsNoWayOut) {
    tar.directory("d").file("d/a").symlink("d", "..").file("d/canary", "evil");
    EXPECT_EQ(attempt(tar.finish()),
              "\"d\" is a symbolic link, but another entry of the archive lies below it");
}

TEST_F(Attack, AParentSwappedForALinkMidwayIsNoWayOut) {
    tar.file("p/d/a").symlink("p", ".").file("p/d/b").symlink("d", "..");
    EXPECT_EQ(attempt(tar.finish()),
              "\"p\" is a symbolic link, but another entry of the archive lies below it");
}

TEST_F(Attack, HardLinksCannotNameAnythingOutside) {
    for (const char* target : {"../canary", "/../canary", "a/../../canary"})
        EXPECT_EQ(attempt(TarBuilder().hard_link("x", target).finish()),
                  "the archive's entry \"" + std::string(target) + "\" points out of its root");
    EXPECT_NE(attempt(TarBuilder().hard_link("x", box.path("canary")).finish()), "");
    EXPECT_NE(attempt(TarBuilder().hard_link("x", "/etc/passwd").finish()), "");
    EXPECT_NE(attempt(TarBuilder().symlink("out", "..").hard_link("x", "out/canary").finish()), "");
}

TEST_F(Attack, AHardLinkToALinkIsTheLinkItself) {
    // Writing to it afterwards replaces it; the file it names stays.
    EXPECT_EQ(
        attempt(tar.symlink("out", "../canary").hard_link("x", "out").file("x", "evil").finish()),
        "");
    EXPECT_EQ(text_of(box.path("root/x")), "evil");
}

TEST_F(Attack, HardLinksToDirectoriesAndToNothingAreRefused) {
    EXPECT_NE(attempt(TarBuilder().directory("d").hard_link("x", "d").finish()), "");
    EXPECT_NE(attempt(TarBuilder().hard_link("x", "missing").finish()), "");
    EXPECT_NE(attempt(TarBuilder().hard_link("x", "/").finish()), "");
    EXPECT_NE(attempt(TarBuilder().directory("d").file("d/f").hard_link("d", "d/f").finish()), "");
}

TEST_F(Attack, WhiteoutsCannotNameAnythingOutside) {
    for (const char* name : {".wh.", ".wh..", ".wh...", "a/.wh...", "../.wh.canary", ".wh.a/b"})
        EXPECT_NE(attempt(TarBuilder().file(name).finish()), "") << name;
}

TEST_F(Attack, TheRootCannotBecomeSomethingElse) {
    EXPECT_EQ(attempt(TarBuilder().symlink(".", "/").finish()),
              "the archive's root \".\" is a symbolic link");
    EXPECT_NE(attempt(TarBuilder().file("./", "x").finish()), "");
    EXPECT_NE(attempt(TarBuilder().file("/", "x").finish()), "");
}

TEST_F(Attack, AFileIsNoParent) {
    EXPECT_EQ(attempt(tar.file("f", "x").file("f/g/h", "y").finish()),
              "\"f\" is a file, but another entry of the archive lies below it");
}

TEST_F(Attack, NamesInMessagesAreHarmless) {
    EXPECT_EQ(attempt(tar.file("../\x1b]0;evil\x07").finish()),
              R"(the archive's entry "../\x1b]0;evil\x07" points out of its root)");
}

TEST_F(Attack, NamesTooLongForTheKernelAreRefused) {
    const std::string name(256, 'n');
    EXPECT_NE(attempt(TarBuilder().add({.name = "x", .pax = {{"path", name}}}).finish()), "");
    std::string deep;
    while (deep.size() < 5000) deep += "d/";
    EXPECT_NE(attempt(TarBuilder().add({.name = "x", .pax = {{"path", deep + "x"}}}).finish()), "");
    EXPECT_NE(
        attempt(TarBuilder().add({.name = "x", .type = '2', .pax = {{"linkpath", deep}}}).finish()),
        "");
    EXPECT_NE(attempt(TarBuilder().add({.name = "x", .type = '2'}).finish()), "")
        << "a link to nowhere";
}

TEST_F(Attack, TheDeepestNameAllowedWorks) {
    std::string deep;
    while (deep.size() < 4090) deep += "d/";
    EXPECT_EQ(attempt(tar.add({.name = "x", .pax = {{"path", deep + "x"}}}).finish()), "");
}

TEST_F(Attack, PaxHeadersAreBounded) {
    EXPECT_NE(
        attempt(TarBuilder()
                    .add({.name = "pax", .type = 'x', .content = std::string((1U << 20U) + 1, 'x')})
                    .file("f")
                    .finish()),
        "");
    TarHeader giant = TarBuilder::header_of({.name = "pax", .type = 'x'});
    format_tar_octal(giant.size, sizeof giant.size, 077777777777);
    EXPECT_EQ(attempt(TarBuilder().header(giant).finish()),
              "the archive has an extended header of 8589934591 bytes at its beginning");
    TarHeader global = TarBuilder::header_of({.name = "pax", .type = 'g'});
    format_tar_octal(global.size, sizeof global.size, 077777777777);
    EXPECT_EQ(attempt(TarBuilder().header(global).finish()), "the archive is cut at its beginning");
}

TEST_F(Attack, MalformedPaxRecordsAreRefused) {
    for (const std::string& body :
         {std::string("x"), std::string("5 a=b"), std::string("99 path=x\n"),
          std::string("-1 path=x\n"), std::string("0 \n"), std::string("11 path=x\n"),
          std::string("6 =x\n\n"), std::string("4 a\n"),
          std::string("18446744073709551615 path=x\n"), std::string("9 pa\0h=x\n", 9)})
        EXPECT_EQ(
            attempt(
                TarBuilder().add({.name = "pax", .type = 'x', .content = body}).file("f").finish()),
            "the archive has a malformed extended header at its beginning")
            << body;
    using Record = PaxRecord;
    for (const Record& record :
         {Record{"size", "-1"}, Record{"size", "99999999999999999999"},
          Record{"size", "9223372036854775807"}, Record{"uid", "4294967295"}, Record{"gid", "-1"},
          Record{"mtime", "soon"}, Record{"mtime", "1.x"}, Record{"path", std::string("a\0b", 3)},
          Record{"LIBARCHIVE.xattr.user.x", "!"}})
        EXPECT_NE(attempt(TarBuilder().add({.name = "f", .pax = {record}}).finish()), "")
            << record.key << record.value;
}

TEST_F(Attack, MalformedHeadersAreRefused) {
    const auto changed = [](auto change) {
        TarHeader header = TarBuilder::header_of({.name = "f"});
        change(header);
        return TarBuilder().header(header).finish();
    };
    EXPECT_NE(attempt(changed([](TarHeader& h) { h.size[3] = '9'; })), "");
    EXPECT_NE(attempt(changed([](TarHeader& h) { h.size[0] = '-'; })), "");
    EXPECT_NE(attempt(changed([](TarHeader& h) { h.size[0] = '\xff'; })), "")
        << "negative in base 256";
    EXPECT_NE(
        attempt(changed([](TarHeader& h) { std::fill_n(h.size, 12, '\x7f'), h.size[0] = '\x80'; })),
        "")
        << "overflow";
    EXPECT_NE(
        attempt(changed([](TarHeader& h) { std::fill_n(h.uid, 8, '\x7f'), h.uid[0] = '\x80'; })),
        "");
    EXPECT_NE(attempt(changed([](TarHeader& h) { h.name[0] = '\0'; })), "");
    EXPECT_NE(attempt(changed([](TarHeader& h) { h.type = 'Z'; })), "");
    EXPECT_NE(attempt(changed([](TarHeader& h) { h.type = 'M'; })), "");
    EXPECT_NE(
        attempt(changed([](TarHeader& h) { h.type = '3', std::fill_n(h.device_major, 7, '7'); })),
        "");
}

TEST_F(Attack, EveryDamagedByteOfAHeaderIsNoticed) {
    const std::string whole = tar.file("some/file", "content").finish();
    for (size_t i = 0; i < tar_block_size; ++i) {
        std::string damaged = whole;
        damaged[i] = static_cast<char>(damaged[i] + 1);
        // The checksum field has blanks and leading zeros that say nothing.
        const bool is_checksum =
            i >= offsetof(TarHeader, checksum) && i < offsetof(TarHeader, checksum) + 8;
        if (is_checksum) continue;
        EXPECT_EQ(attempt(damaged), "the archive has a damaged header at its beginning") << i;
    }
}

TEST_F(Attack, AnArchiveCutAtAnyBlockIsNoticed) {
    tar.directory("d")
        .file("d/f", std::string(3000, 'x'))
        .symlink("d/l", "f")
        .hard_link("d/h", "d/f");
    tar.add({.name = "long", .content = "content", .pax = {{"path", std::string(200, 'n')}}});
    tar.add({.name = "././@LongLink", .type = 'L', .content = std::string(150, 'm')})
        .file("short", "x");
    const std::string whole = tar.finish();
    for (size_t size = 0; size + tar_block_size < whole.size(); size += tar_block_size) {
        EXPECT_NE(attempt(whole.substr(0, size)), "") << size;
        EXPECT_NE(attempt(whole.substr(0, size + 100)), "") << size;
    }
    EXPECT_EQ(attempt(tar.without_end()), "the archive has no end: it was cut");
    EXPECT_EQ(attempt(whole), "");
}

TEST_F(Attack, ContentBehindALoneZeroBlockIsNoticed) {
    tar.file("f").raw(std::string(tar_block_size, '\0')).file("hidden");
    EXPECT_EQ(attempt(tar.finish()), "the archive has a lone block of zeros at entry \"f\"");
}

TEST_F(Attack, SparseMapsThatOverflowAreRefused) {
    const auto sparse = [](const std::string& map, const std::string& size,
                           const std::string& content) {
        return TarBuilder()
            .add({.name = "f",
                  .content = content,
                  .pax = {{"GNU.sparse.map", map}, {"GNU.sparse.size", size}}})
            .finish();
    };
    const std::string max = "9223372036854775807";
    for (const auto& [map, size] : std::initializer_list<std::pair<std::string, std::string>>{
             {"0,5", "4"},
             {"4,1,"
              "0,4",
              "10"},
             {"0,3,2,2", "10"},
             {"0,4", "10"},
             {"0,6", "10"},
             {"6,5", "10"},
             {"-1,5", "10"},
             {"0,5,", "10"},
             {"0", "10"},
             {"18446744073709551615,5", "10"},
             {"18446744073709551615,6", max},
             {"0,18446744073709551615,0,6", max},
             {max + "," + max, max},
             {"0,5", "18446744073709551615"},
             {"0,5", "-5"},
             {"0,5", ""},
             {"a,5", "10"}})
        EXPECT_EQ(attempt(sparse(map, size, "12345")),
                  "the archive has a malformed sparse map at entry \"f\"")
            << map << " " << size;
    EXPECT_EQ(attempt(sparse("2,3,7,2", "10", "12345")), "");
    EXPECT_EQ(text_of(box.path("root/f")), std::string("\0\0"
                                                       "123"
                                                       "\0\0"
                                                       "45"
                                                       "\0",
                                                       10));
    EXPECT_NE(attempt(sparse(max + ",0,", max, "")), "");
    attempt(sparse(max + ",0", max,
                   ""));  // sound: whether a file of 2^63 - 1 bytes can be is for the file system
}

TEST_F(Attack, SparseMapsInTheContentThatLieAreRefused) {
    const auto sparse = [](const std::string& map) {
        std::string content = map;
        content.resize(tar_padded(content.size()), '\0');
        return TarBuilder()
            .add({.name = "f",
                  .content = content + "12345",
                  .pax = {{"GNU.sparse.major", "1"},
                          {"GNU.sparse.minor", "0"},
                          {"GNU.sparse.name", "g"},
                          {"GNU.sparse.realsize", "10"}}})
            .finish();
    };
    for (const char* map : {"2\n0\n5\n", "1\n0\n", "99999999\n", "9999999999999999999999\n", "\n",
                            "-1\n", "1\n0\n6\n", "1\n6\n5\n", "x", ""})
        EXPECT_EQ(attempt(sparse(map)), "the archive has a malformed sparse map at entry \"g\"")
            << map;
    EXPECT_EQ(attempt(sparse("1\n5\n5\n")), "");
    EXPECT_EQ(text_of(box.path("root/g")), std::string("\0\0\0\0\0"
                                                       "12345",
                                                       10));
}

TEST_F(Attack, EndlessGnuSparseExtensionsAreBounded) {
    TarHeader header = TarBuilder::header_of({.name = "f", .type = 'S'});
    char* bytes = reinterpret_cast<char*>(&header);
    std::fill_n(bytes + 482, 1, '\1');
    std::string extension(tar_block_size, '\0');
    for (size_t i = 0; i < 42; ++i) extension.replace(i * 12, 11, "00000000000");
    extension[504] = '\1';
    std::string blocks;
    for (int i = 0; i < 100; ++i) blocks += extension;
    options.limits.sparse_segments = 1000;
    EXPECT_EQ(attempt(TarBuilder().header(header).raw(blocks).finish()),
              "the archive has a malformed sparse map at entry \"f\"");
}

TEST_F(Attack, DeviceNodesAreNotMadeWithoutPrivilege) {
    if (is_real_root()) GTEST_SKIP() << "root makes them: see ExtractAsRoot";
    EXPECT_EQ(box.extract(tar.add({.name = "sda", .type = '4', .major = 8}).finish(), options)
                  .skipped_devices,
              1U);
}

TEST_F(Attack, AHundredThousandEntriesAreNoProblem) {
    for (int i = 0; i < 100'000; ++i)
        tar.hard_link("d/" + std::to_string(i % 50), i == 0 ? "x" : "d/0");
    TarBuilder whole;
    whole.file("d/0", "x").raw(tar.without_end().substr(tar_block_size));
    EXPECT_EQ(attempt(whole.finish()), "");
    EXPECT_EQ(box.extract(whole.finish(), options).entries, 100'000U);
}

}  // namespace
}  // namespace skiff::storage::test
