// SPDX-License-Identifier: Apache-2.0
// Archives of every form as GNU tar writes them, and fields as other programs write them.
#include <map>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "archive_support.h"
#include "base/error.h"
#include "storage/archive/tar_reader.h"

namespace skiff::storage::test {
namespace {

const std::string long_name = std::string(90, 'd') + "/" + std::string(120, 'f');

TEST(TarNumber, IsOctalBetweenBlanksOrBase256) {
    EXPECT_EQ(parse_tar_number("0000644"), 0644);
    EXPECT_EQ(parse_tar_number("   644 "), 0644);
    EXPECT_EQ(parse_tar_number(std::string_view("644\0junk", 8)), 0644);
    EXPECT_EQ(parse_tar_number(std::string_view("\0\0\0\0", 4)), 0);
    EXPECT_EQ(parse_tar_number("        "), 0);
    EXPECT_EQ(parse_tar_number(std::string_view("\x80\0\0\0\0\0\1\2", 8)), 0x102);
    EXPECT_EQ(parse_tar_number("\xff\xff\xff\xff\xff\xff\xff\xfe"), -2);
    EXPECT_EQ(parse_tar_number(std::string_view("\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", 12)),
              INT64_MAX);
    EXPECT_EQ(parse_tar_number(std::string_view("\x80\0\0\0\x80\0\0\0\0\0\0\0", 12)), std::nullopt);
    EXPECT_EQ(parse_tar_number("8"), std::nullopt);
    EXPECT_EQ(parse_tar_number("-1"), std::nullopt);
    EXPECT_EQ(parse_tar_number("1 1"), std::nullopt);
    EXPECT_EQ(parse_tar_number("7777777777777777777777"), std::nullopt);
}

TEST(PaxTime, HasAFractionOfAnyLength) {
    const auto parts = [](std::string_view text) {
        const std::optional<TarTime> time = parse_pax_time(text);
        return time ? fmt::format("{} {}", time->seconds, time->nanoseconds) : "none";
    };
    EXPECT_EQ(parts("12"), "12 0");
    EXPECT_EQ(parts("12."), "12 0");
    EXPECT_EQ(parts("12.5"), "12 500000000");
    EXPECT_EQ(parts("12.1234567899"), "12 123456789");
    EXPECT_EQ(parts("-1.25"), "-2 750000000");
    EXPECT_EQ(parts("-0.5"), "-1 500000000");
    for (const char* text : {"", ".5", "1.-5", "x", "1e3", " 1"})
        EXPECT_EQ(parts(text), "none") << text;
}

TEST(PaxRecords, SurviveWritingAndReading) {
    std::string body;
    // Lengths around those at which the length's own digits grow.
    for (size_t size = 1; size < 120; ++size)
        append_pax_record(body, "key", std::string(size, '='));
    append_pax_record(body, "k", std::string("\n\0 =", 4));
    const auto records = parse_pax_records(body);
    ASSERT_TRUE(records);
    ASSERT_EQ(records->size(), 120U);
    for (size_t i = 0; i < 119; ++i) EXPECT_EQ((*records)[i].value, std::string(i + 1, '='));
    EXPECT_EQ(records->back().value, std::string("\n\0 =", 4));
}

TEST(Encodings, OfLibarchiveAreUndone) {
    EXPECT_EQ(decode_base64("aGVsbG8"), "hello");
    EXPECT_EQ(decode_base64("aGVsbG8="), "hello");
    EXPECT_EQ(decode_base64(""), "");
    EXPECT_EQ(decode_base64("a"), std::nullopt);
    EXPECT_EQ(decode_base64("a b"), std::nullopt);
    EXPECT_EQ(decode_percent("user.%41%3d"), "user.A=");
    EXPECT_EQ(decode_percent("%4"), std::nullopt);
    EXPECT_EQ(decode_percent("%zz"), std::nullopt);
}

class GnuTar : public testing::TestWithParam<std::vector<std::string>> {
  protected:
    void SetUp() override {
        mkdir(path("tree").c_str(), 0755);
        mkdir(path("tree/" + std::string(90, 'd')).c_str(), 0755);
        write("tree/short", "content");
        write("tree/empty", "");
        write("tree/exact", std::string(1024, 'e'));
        write("tree/" + long_name, "long");
        write("tree/\xc3\xa4\xff", "not quite UTF-8");
        ASSERT_EQ(symlink(long_name.c_str(), path("tree/link").c_str()), 0);
        ASSERT_EQ(link(path("tree/short").c_str(), path("tree/zhard").c_str()), 0);
        const Fd sparse = open_file(path("tree/sparse"), O_WRONLY | O_CREAT, 0600);
        // More segments than one header and one extension block hold, and a hole at the end.
        for (off_t i = 0; i < 60; ++i) ASSERT_EQ(pwrite(sparse.get(), "data", 4, i * 65536 + 5), 4);
        ASSERT_EQ(ftruncate(sparse.get(), 60 * 65536 + 12345), 0);
    }
    std::string path(const std::string& name) const { return temp_.path() + "/" + name; }
    void write(const std::string& name, const std::string& content) {
        const Fd file = open_file(path(name), O_WRONLY | O_CREAT, 0644);
        write_all(file.get(), content, name);
    }
    TempDir temp_;
};

const std::vector<std::string> forms[] = {{"--format=gnu"},
                                          {"--format=gnu", "--sparse"},
                                          {"--format=oldgnu", "--sparse"},
                                          {"--format=posix"},
                                          {"--format=posix", "--sparse", "--sparse-version=0.0"},
                                          {"--format=posix", "--sparse", "--sparse-version=0.1"},
                                          {"--format=posix", "--sparse", "--sparse-version=1.0"},
                                          {"--format=ustar", "--exclude=ddd*", "--exclude=link"},
                                          {"--format=v7", "--exclude=ddd*", "--exclude=link"}};
INSTANTIATE_TEST_SUITE_P(TarReader, GnuTar, testing::ValuesIn(forms));

TEST_P(GnuTar, IsReadLikeTheTreeItCameFrom) {
    std::vector<std::string> command{"/usr/bin/tar", "-C",  path("tree"),
                                     "--sort=name",  "-cf", path("tar")};
    command.insert(command.end(), GetParam().begin(), GetParam().end());
    command.emplace_back(".");
    run_program(command);
    const Fd file = open_file(path("tar"), O_RDONLY);
    FdSource source(file.get(), "tar");
    TarReader reader(source);
    std::map<std::string, TarEntryType> found;
    while (const TarEntry* entry = reader.next()) {
        found[entry->name] = entry->type;
        struct stat status{};
        ASSERT_EQ(lstat(path("tree/" + entry->name).c_str(), &status), 0) << entry->name;
        EXPECT_EQ(entry->mtime.seconds, status.st_mtim.tv_sec);
        EXPECT_EQ(entry->uid, status.st_uid);
        EXPECT_EQ(entry->link_target, entry->type == TarEntryType::symlink     ? long_name
                                      : entry->type == TarEntryType::hard_link ? "./short"
                                                                               : "");
        if (entry->type != TarEntryType::file) continue;
        EXPECT_EQ(entry->size, static_cast<uint64_t>(status.st_size)) << entry->name;
        EXPECT_TRUE(read_to_end(reader.content(), 1U << 30U, "x") ==
                    text_of(path("tree/" + entry->name)))
            << entry->name;
    }
    EXPECT_TRUE(reader.has_end_marker());
    const bool is_old = GetParam()[0] == "--format=v7" || GetParam()[0] == "--format=ustar";
    EXPECT_EQ(found["./short"], TarEntryType::file);
    EXPECT_EQ(found["./"], TarEntryType::directory);
    EXPECT_EQ(found.count("./" + long_name), is_old ? 0U : 1U);
    EXPECT_EQ(found.count("./\xc3\xa4\xff"), 1U);
}

TEST(TarReader, SkipsContentNobodyAskedFor) {
    TarBuilder tar;
    tar.file("a", std::string(100'000, 'a')).file("b", "content of b");
    const std::string bytes = tar.finish();
    MemorySource source(bytes);
    TarReader reader(source);
    reader.next();
    ASSERT_TRUE(reader.next_chunk());
    ASSERT_EQ(reader.next()->name, "b");
    EXPECT_EQ(read_to_end(reader.content(), 100, "b"), "content of b");
    EXPECT_EQ(reader.next(), nullptr);
    EXPECT_EQ(reader.next(), nullptr);
}

TEST(TarReader, LinksAndDirectoriesHaveNoContentWhateverTheirSize) {
    // As Go reads it: a reader that skipped the "content" would see other members.
    TarHeader link = TarBuilder::header_of({.name = "l", .type = '1', .link = "x"});
    format_tar_octal(link.size, sizeof link.size, 1024);
    TarBuilder tar;
    const std::string bytes = tar.header(link).file("seen").finish();
    MemorySource source(bytes);
    TarReader reader(source);
    EXPECT_EQ(reader.next()->size, 0U);
    EXPECT_EQ(reader.next()->name, "seen");
}

TEST(TarReader, ThePaxSizeCountsNotTheHeaders) {
    // Readers that disagree here see different files in one archive (CVE-2025-62518).
    TarBuilder inner;
    inner.file("smuggled", "evil");
    std::string content = inner.without_end();
    TarHeader header = TarBuilder::header_of({.name = "f"});
    TarBuilder tar;
    std::string body;
    append_pax_record(body, "size", std::to_string(content.size()));
    const std::string bytes = tar.add({.name = "pax", .type = 'x', .content = body})
                                  .header(header)
                                  .raw(content)
                                  .file("last")
                                  .finish();
    MemorySource source(bytes);
    TarReader reader(source);
    EXPECT_EQ(reader.next()->size, content.size());
    EXPECT_EQ(reader.next()->name, "last");
}

TEST(TarReader, PassesOverGlobalHeadersAndLabels) {
    TarBuilder tar;
    std::string comment;
    append_pax_record(comment, "path", "not this");
    tar.add({.name = "pax_global_header", .type = 'g', .content = comment})
        .add({.name = "label", .type = 'V'})
        .file("f");
    const std::string bytes = tar.finish();
    MemorySource source(bytes);
    TarReader reader(source);
    EXPECT_EQ(reader.next()->name, "f");
}

}  // namespace
}  // namespace skiff::storage::test
