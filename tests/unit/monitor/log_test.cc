// SPDX-License-Identifier: Apache-2.0
#include <csignal>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "monitor/log_entry.h"
#include "monitor/log_file.h"

namespace skiff::monitor {
namespace {

constexpr std::string_view noon_text = "2026-11-22T12:00:00.000000001Z";
const Timestamp noon = *parse_rfc3339(noon_text);

std::string entry(std::string_view text, bool ends_line = true, Stream stream = Stream::output) {
    std::string to(entry_room(text.size()), '\0');
    const char* end =
        write_entry(to.data(), LogFormat::json_file, text, ends_line, stream, noon_text);
    to.resize(static_cast<std::size_t>(end - to.data()));
    return to;
}

std::string escaped(std::string_view text) {
    const std::string whole = entry(text, false);
    return whole.substr(8, whole.find("\",\"stream\"") - 8);
}

TEST(LogEntry, LooksAsDockersDoes) {
    EXPECT_EQ(
        entry("out"),
        "{\"log\":\"out\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T12:00:00.000000001Z\"}\n");
    EXPECT_EQ(entry("", false, Stream::errors),
              "{\"log\":\"\",\"stream\":\"stderr\",\"time\":\"2026-11-22T12:00:00.000000001Z\"}\n");
}

TEST(LogEntry, EscapesWhatDockerEscapes) {
    EXPECT_EQ(escaped("a\"b\\c\rd\te\x1b[0m\x7f"), "a\\\"b\\\\c\\rd\\u0009e\\u001b[0m\x7f");
    EXPECT_EQ(escaped("<a href='x'>&amp;"), "\\u003ca href='x'\\u003e\\u0026amp;");
    EXPECT_EQ(escaped(std::string("\0", 1)), "\\u0000");
    EXPECT_EQ(escaped("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\\u2028\\u2029\xe2\x80\xaa");
}

TEST(LogEntry, BytesThatAreNotUtf8BecomeReplacementCharacters) {
    EXPECT_EQ(escaped("\xff"), "\\ufffd");
    EXPECT_EQ(escaped("gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xb3"),
              "gr\xc3\xbc\xc3\x9f \xf0\x9f\x90\xb3");
    EXPECT_EQ(escaped("\xc0\xaf"), "\\ufffd\\ufffd") << "overlong";
    EXPECT_EQ(escaped("\xed\xa0\x80"), "\\ufffd\\ufffd\\ufffd") << "surrogate";
    EXPECT_EQ(escaped("\xf4\x90\x80\x80"), "\\ufffd\\ufffd\\ufffd\\ufffd") << "beyond U+10FFFF";
    EXPECT_EQ(escaped("\xe2\x82"), "\\ufffd\\ufffd") << "cut";
}

TEST(LogEntry, EveryByteAtEveryPlaceOfAWordComesBack) {
    LogEntry parsed;
    for (int byte = 0; byte < 0x80; ++byte)
        for (std::size_t place = 0; place < 9; ++place) {
            std::string text = "abcdefghijklmnopq";
            text[place] = static_cast<char>(byte);
            text[place + 1] = '"';
            const std::string line = entry(text, false);
            ASSERT_TRUE(parse_entry(LogFormat::json_file,
                                    std::string_view(line).substr(0, line.size() - 1), parsed))
                << line;
            ASSERT_EQ(parsed.text, text);
        }
}

TEST(LogEntry, IsReadWhateverWroteIt) {
    LogEntry parsed;
    ASSERT_TRUE(parse_entry(
        LogFormat::json_file,
        R"({"time":"t", "attrs":{"a":["}",1,null,{}],"b":-1.5e3}, "stream":"stderr","log":"\ud83d\udc33\u00fc\/\b"})",
        parsed));
    EXPECT_EQ(parsed.text, "\xf0\x9f\x90\xb3\xc3\xbc/\b");
    EXPECT_EQ(parsed.stream, Stream::errors);
    EXPECT_EQ(parsed.time, "t");
    ASSERT_TRUE(parse_entry(LogFormat::json_file,
                            R"({"log":"\ud83dx","stream":"stdout","time":"t"})", parsed));
    EXPECT_EQ(parsed.text, "\xef\xbf\xbdx") << "half a surrogate pair";
}

TEST(LogEntry, WhatIsCutOrForeignIsNone) {
    const std::string whole = entry("some text");
    LogEntry parsed;
    for (std::size_t length = 0; length < whole.size() - 2; ++length)
        EXPECT_FALSE(
            parse_entry(LogFormat::json_file, std::string_view(whole).substr(0, length), parsed))
            << length;
    for (const char* line : {"", "{}", "[]", "{\"log\":1,\"stream\":\"stdout\",\"time\":\"t\"}",
                             "{\"log\":\"x\",\"stream\":\"other\",\"time\":\"t\"}",
                             "{\"log\":\"x\",\"stream\":\"stdout\"}",
                             "{\"log\":\"\\x\",\"stream\":\"stdout\",\"time\":\"t\"}", "{\"a\":}",
                             "{\"a\":[}", "plain"})
        EXPECT_FALSE(parse_entry(LogFormat::json_file, line, parsed)) << line;
}

class LogFileTest : public testing::Test {
  protected:
    std::string content() const { return find_file(dir_.get(), "json.log", 100'000'000).value(); }
    /// The texts of all entries of `stream`, joined; each line must be a good entry.
    std::string texts(Stream stream) const {
        std::string all;
        LogEntry parsed;
        std::string text = content();
        EXPECT_TRUE(text.empty() || text.ends_with('\n'));
        if (!text.empty()) text.pop_back();
        for (const std::string_view line : split(text, '\n')) {
            EXPECT_TRUE(parse_entry(LogFormat::json_file, line, parsed)) << line;
            if (parsed.stream == stream) all += parsed.text;
        }
        return all;
    }
    TempDir temp_;
    Fd dir_ = open_file(temp_.path(), O_RDONLY | O_DIRECTORY);
};

TEST_F(LogFileTest, LinesAreWrittenWhenCompleteAndPartsHeld) {
    LogFile log = LogFile::open(dir_.get(), {});
    log.append(Stream::output, "one\ntw", noon);
    log.append(Stream::errors, "err\n", noon);
    log.flush();
    EXPECT_EQ(content(), entry("one") + entry("err", true, Stream::errors));
    log.append(Stream::output, "o\n\nrest", noon + std::chrono::seconds(1));
    log.finish();
    EXPECT_EQ(texts(Stream::output), "one\ntwo\n\nrest");
    EXPECT_NE(
        content().find("two\\n\",\"stream\":\"stdout\",\"time\":\"2026-11-22T12:00:00.000000001Z"),
        std::string::npos)
        << "a line has the time of its first byte";
    struct stat status{};
    ASSERT_EQ(fstatat(dir_.get(), "json.log", &status, 0), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

TEST_F(LogFileTest, ALongLineIsSplitAsDockerSplitsIt) {
    LogFile log = LogFile::open(dir_.get(), {});
    const std::string line(40000, 'x');
    log.append(Stream::output, line + "\nnext\n", noon);
    log.finish();
    EXPECT_EQ(content(), entry(line.substr(0, 16384), false) + entry(line.substr(0, 16384), false) +
                             entry(line.substr(0, 40000 - 2 * 16384)) + entry("next"));
}

TEST_F(LogFileTest, ALineOfExactlyTheLimitEndsInAnEmptyPart) {
    LogFile log = LogFile::open(dir_.get(), {});
    const std::string line(max_entry_text, 'x');
    log.append(Stream::output, line + "\n", noon);
    log.finish();
    EXPECT_EQ(content(), entry(line, false) + entry(""));
}

TEST_F(LogFileTest, ASplitDoesNotTearACharacter) {
    LogFile log = LogFile::open(dir_.get(), {});
    std::string line = "x";
    while (line.size() < 50000) line += "\xf0\x9f\x90\xb3\xe2\x82\xac";
    for (const char c : line) log.append(Stream::output, {&c, 1}, noon);
    log.finish();
    EXPECT_EQ(texts(Stream::output), line);
}

TEST_F(LogFileTest, AnyBytesGiveAReadableFile) {
    LogFile log = LogFile::open(dir_.get(), {});
    std::string bytes;
    unsigned state = 1;
    for (int i = 0; i < 500000; ++i)
        bytes += static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
    for (std::size_t at = 0; at < bytes.size(); at += 65536)
        log.append(Stream::output, std::string_view(bytes).substr(at, 65536), noon);
    log.finish();
    const std::string text = texts(Stream::output);
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'),
              std::count(bytes.begin(), bytes.end(), '\n'));
}

TEST_F(LogFileTest, AHalfLineOfAKilledMonitorIsNotContinued) {
    replace_file(dir_.get(), "json.log", "{\"log\":\"cu", 0600, Durability::none);
    LogFile log = LogFile::open(dir_.get(), {});
    log.append(Stream::output, "new\n", noon);
    log.finish();
    EXPECT_EQ(content(), "{\"log\":\"cu\n" + entry("new"));
}

TEST_F(LogFileTest, ALinkInItsPlaceIsRefused) {
    ASSERT_EQ(symlinkat("/dev/null", dir_.get(), "json.log"), 0);
    EXPECT_THROW(LogFile::open(dir_.get(), {}), Error);
    ASSERT_EQ(mkfifoat(dir_.get(), "local.log", 0600), 0);
    EXPECT_THROW(LogFile::open(dir_.get(), {.format = LogFormat::local}), Error);
}

TEST_F(LogFileTest, WhenTheFileIsFullLinesAreCountedAndTheGapIsMarked) {
    // A file size limit acts as a full disk does (a short write, then an error), without needing
    // one.
    const pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        LogFile log = LogFile::open(dir_.get(), {});
        log.append(Stream::output, "before\n", noon);
        log.flush();
        const rlim_t size = entry("before").size();
        rlimit limit{};
        getrlimit(RLIMIT_FSIZE, &limit);
        const rlim_t former = std::exchange(limit.rlim_cur, 2 * size + 10);
        setrlimit(RLIMIT_FSIZE, &limit);
        log.append(Stream::output, "fits__\nlost1_\nlost2_\n", noon);
        log.flush();
        log.append(Stream::output, "lost3_\n", noon);
        log.flush();
        if (log.dropped() != 3) _exit(1);
        limit.rlim_cur = former;
        setrlimit(RLIMIT_FSIZE, &limit);
        log.append(Stream::output, "after\n", noon);
        log.finish();
        _exit(log.dropped() == 0 ? 0 : 2);
    }
    int status = 0;
    ASSERT_EQ(waitpid(pid, &status, 0), pid);
    EXPECT_EQ(status, 0);
    EXPECT_EQ(texts(Stream::output), "before\nfits__\nafter\n");
    EXPECT_EQ(texts(Stream::errors), "skiff: 3 lines of this log were lost: File too large\n");
}

}  // namespace
}  // namespace skiff::monitor
