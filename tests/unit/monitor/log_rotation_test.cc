// SPDX-License-Identifier: Apache-2.0
// A log of several files: what the writer leaves on disk, and what readers make of it.
#include <algorithm>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "monitor/log_file.h"
#include "monitor/log_reader.h"

namespace skiff::monitor {
namespace {

const Timestamp noon = *parse_rfc3339("2020-11-22T12:00:00Z");

/// "first\n" … "last\n".
std::string numbers(int first, int last) {
    std::string all;
    for (int i = first; i <= last; ++i) all += fmt::format("{}\n", i);
    return all;
}

/// Both formats.
class LogRotationTest : public testing::TestWithParam<LogFormat> {
  protected:
    LogSettings settings(std::uint64_t max_size, unsigned max_files) const {
        return {.format = GetParam(), .max_size = max_size, .max_files = max_files};
    }
    /// Writes "first\n" … "last\n", a second apart from noon, each by a write of its own.
    void write_lines(LogFile& log, int first, int last) {
        for (int i = first; i <= last; ++i) {
            log.append(Stream::output, fmt::format("{}\n", i), noon + std::chrono::seconds(i));
            log.flush();
        }
    }
    std::string read(const LogQuery& query = {}) const {
        std::string all;
        read_log(place_, query, [&](const LogLine& line) {
            all += line.text;
            return true;
        });
        return all;
    }
    std::string file(unsigned age) const {
        return find_file(dir_.get(), log_file_name(place_.name, age), 100'000'000)
            .value_or("(none)");
    }
    unsigned count_files() const {
        return static_cast<unsigned>(list_directory(dir_.get()).size());
    }
    TempDir temp_;
    Fd dir_ = open_file(temp_.path(), O_RDONLY | O_DIRECTORY);
    LogPlace place_{dir_.get(), log_file_name(GetParam()), GetParam()};
};

TEST_P(LogRotationTest, NoFileIsLargerThanItsLimitAndNoLineIsLostOrTwice) {
    for (std::uint64_t limit = 100; limit < 900; limit += 222) {
        for (const std::string& name : list_directory(dir_.get()))
            unlinkat(dir_.get(), name.c_str(), 0);
        LogFile log = LogFile::open(dir_.get(), settings(limit, 1000));
        // Some flushes carry one line, some many.
        for (int i = 1; i <= 100; ++i) {
            log.append(Stream::output, fmt::format("{}\n", i), noon);
            if (i % 50 < 10) log.flush();
        }
        log.finish();
        ASSERT_EQ(read(), numbers(1, 100)) << limit;
        ASSERT_GT(count_files(), 4U);
        for (unsigned age = 0; age < count_files(); ++age) {
            ASSERT_LE(file(age).size(), limit);
            ASSERT_TRUE(file(age).ends_with('\n'));
            // As full as can be, but for the newest.
            if (age == 0) continue;
            ASSERT_GT(file(age).size() + file(age - 1).find('\n') + 1, limit);
        }
    }
}

TEST_P(LogRotationTest, TheOldestIsGivenUpAndTheNumberOfFilesKept) {
    LogFile log = LogFile::open(dir_.get(), settings(300, 3));
    write_lines(log, 1, 100);
    EXPECT_EQ(count_files(), 3U);
    const std::string all = read();
    const int first = *parse_number<int>(all.substr(0, all.find('\n')));
    EXPECT_EQ(all, numbers(first, 100));
    EXPECT_LE(file(0).size() + file(1).size() + file(2).size(), 900U);
}

TEST_P(LogRotationTest, OneFileBeginsAnew) {
    LogFile log = LogFile::open(dir_.get(), settings(300, 1));
    write_lines(log, 1, 100);
    EXPECT_EQ(count_files(), 1U);
    EXPECT_TRUE(read().ends_with("99\n100\n"));
    EXPECT_LE(file(0).size(), 300U);
}

TEST_P(LogRotationTest, ALineLongerThanTheLimitHasAFileOfItsOwn) {
    LogFile log = LogFile::open(dir_.get(), settings(300, 10));
    const std::string text = std::string(1000, 'x') + "\n";
    log.append(Stream::output, text + "a\n" + text + text + "b\n", noon);
    log.finish();
    EXPECT_EQ(read(), text + "a\n" + text + text + "b\n");
    EXPECT_EQ(count_files(), 5U);  // each long line, and what lies between and after them
}

TEST_P(LogRotationTest, TheLimitHoldsOverRestarts) {
    for (int i = 1; i <= 50; ++i) {
        LogFile log = LogFile::open(dir_.get(), settings(400, 100));
        write_lines(log, i, i);
    }
    EXPECT_EQ(read(), numbers(1, 50));
    for (unsigned age = 0; age < count_files(); ++age) EXPECT_LE(file(age).size(), 400U);
}

TEST_P(LogRotationTest, TheTailIsExactAcrossFiles) {
    LogFile log = LogFile::open(dir_.get(), settings(500, 100));
    write_lines(log, 1, 120);
    ASSERT_GT(count_files(), 10U);
    for (int count = 0; count <= 120; ++count)
        ASSERT_EQ(read({.tail = count}), numbers(121 - count, 120)) << count;
    EXPECT_EQ(read({.tail = 1000}), numbers(1, 120));
}

TEST_P(LogRotationTest, SinceAndUntilAreExactAcrossFiles) {
    using std::chrono::seconds;
    LogFile log = LogFile::open(dir_.get(), settings(500, 100));
    write_lines(log, 1, 120);
    for (int at = 1; at <= 120; ++at) {
        ASSERT_EQ(read({.since = noon + seconds(at)}), numbers(at, 120));
        ASSERT_EQ(read({.until = noon + seconds(at)}), numbers(1, at));
    }
    EXPECT_EQ(read({.tail = 50, .since = noon + seconds(100), .until = noon + seconds(110)}),
              numbers(100, 110));
}

TEST_P(LogRotationTest, AFileOfBeforeSinceIsNotEvenLookedAt) {
    LogFile log = LogFile::open(dir_.get(), settings(500, 3));
    write_lines(log, 1, 100);
    const std::string oldest = log_file_name(place_.name, 2);
    const timespec early[2] = {{1000, 0}, {1000, 0}};
    ASSERT_EQ(utimensat(dir_.get(), oldest.c_str(), early, 0), 0);
    const auto lines_of = [&](unsigned age) {
        const std::string text = file(age);
        return std::count(text.begin(), text.end(), '\n');
    };
    const std::string all = read({.since = Timestamp(std::chrono::seconds(2000))});
    EXPECT_EQ(std::count(all.begin(), all.end(), '\n'), lines_of(0) + lines_of(1));
}

TEST_P(LogRotationTest, WhatAKilledWriterLeftInTheMiddleOfARotationIsReadAndHealed) {
    {
        LogFile log = LogFile::open(dir_.get(), settings(300, 10));
        write_lines(log, 1, 30);
    }
    ASSERT_GT(count_files(), 4U);
    // As after the first of the renames: 1 is free, a new file is ready.
    for (unsigned age = count_files() - 1; age > 0; --age)
        ASSERT_EQ(renameat(dir_.get(), log_file_name(place_.name, age).c_str(), dir_.get(),
                           log_file_name(place_.name, age + 1).c_str()),
                  0);
    replace_file(dir_.get(), place_.name + ".new", "", 0600, Durability::none);
    EXPECT_EQ(read(), numbers(1, 30));
    // As before the last: the newest has been moved away.
    ASSERT_EQ(renameat(dir_.get(), place_.name.c_str(), dir_.get(),
                       log_file_name(place_.name, 1).c_str()),
              0);
    EXPECT_EQ(read(), numbers(1, 30));
    EXPECT_EQ(read({.tail = 3}), numbers(28, 30));
    LogFile log = LogFile::open(dir_.get(), settings(300, 100));
    write_lines(log, 31, 60);
    EXPECT_EQ(read(), numbers(1, 60));
}

TEST_P(LogRotationTest, WhereNoFileCanBeMadeLinesAreCountedAndTheLimitHolds) {
    LogFile log = LogFile::open(dir_.get(), settings(300, 10));
    ASSERT_EQ(mkdirat(dir_.get(), (place_.name + ".new").c_str(), 0700), 0);
    write_lines(log, 1, 20);
    EXPECT_LE(file(0).size(), 300U);
    EXPECT_EQ(count_files(), 2U);
    const auto dropped = static_cast<int>(log.dropped());
    ASSERT_GT(dropped, 10);
    EXPECT_EQ(read(), numbers(1, 20 - dropped));
    ASSERT_EQ(unlinkat(dir_.get(), (place_.name + ".new").c_str(), AT_REMOVEDIR), 0);
    write_lines(log, 21, 22);
    EXPECT_EQ(log.dropped(), 0U);
    EXPECT_EQ(read(),
              numbers(1, 20 - dropped) +
                  fmt::format("skiff: {} lines of this log were lost: Is a directory\n", dropped) +
                  numbers(21, 22));
}

TEST_P(LogRotationTest, FollowingLosesNothingToARacingWriter) {
    Pipe alive = make_pipe();
    CloneResult writer = clone_process(0);
    if (writer.in_child) {
        alive.read.reset();
        LogFile log = LogFile::open(dir_.get(), settings(4000, 1000));
        for (int i = 1; i <= 2000; ++i) {
            log.append(Stream::output, fmt::format("{}\n", i), noon);
            if (i % 5 == 0) log.flush();
        }
        log.finish();
        _exit(0);
    }
    alive.write.reset();
    const LogFollow follow{.is_running =
                               [&] {
                                   pollfd entry{alive.read.get(), POLLIN, 0};
                                   return poll(&entry, 1, 0) == 0;
                               },
                           .ended_fd = alive.read.get()};
    std::string all;
    follow_log(place_, {}, follow, [&](const LogLine& line) {
        all += line.text;
        return true;
    });
    writer.child.wait();
    EXPECT_EQ(all, numbers(1, 2000));
    EXPECT_EQ(read(), numbers(1, 2000));
}

TEST_P(LogRotationTest, AReaderBesideARacingWriterSeesWholeLinesInOrder) {
    Pipe alive = make_pipe();
    CloneResult writer = clone_process(0);
    if (writer.in_child) {
        alive.read.reset();
        LogFile log = LogFile::open(dir_.get(), settings(4000, 3));
        for (int i = 1; i <= 8000; ++i) {
            log.append(Stream::output, fmt::format("{}\n", i), noon);
            if (i % 13 == 0) log.flush();
        }
        log.finish();
        _exit(0);
    }
    alive.write.reset();
    pollfd end{alive.read.get(), POLLIN, 0};
    while (poll(&end, 1, 0) == 0) {
        const std::string all = read();
        if (all.empty()) continue;
        const int first = parse_number<int>(all.substr(0, all.find('\n'))).value_or(-1);
        const auto count = static_cast<int>(std::count(all.begin(), all.end(), '\n'));
        ASSERT_EQ(all, numbers(first, first + count - 1));
    }
    writer.child.wait();
}

TEST_P(LogRotationTest, FollowingGoesOnInTheNextFileWhenOnlyOneIsKept) {
    LogFile log = LogFile::open(dir_.get(), settings(300, 1));
    write_lines(log, 1, 2);
    int next = 3;
    std::string all;
    // Each round the writer goes on after we have read all that there is.
    const LogFollow follow{.is_running = [&] { return next <= 50; },
                           .before_wait =
                               [&] {
                                   write_lines(log, next, next);
                                   ++next;
                               }};
    follow_log(place_, {}, follow, [&](const LogLine& line) {
        all += line.text;
        return true;
    });
    EXPECT_EQ(all, numbers(1, 50));
}

TEST_P(LogRotationTest, FollowingWithATailShowsThatAndWhatComes) {
    LogFile log = LogFile::open(dir_.get(), settings(300, 10));
    write_lines(log, 1, 30);
    for (const std::uint64_t tail : {0U, 1U, 7U, 25U}) {
        std::string all;
        bool wrote = false;
        const LogFollow follow{.is_running = [&] { return !wrote; },
                               .before_wait =
                                   [&] {
                                       log.append(Stream::output, "more\n", noon);
                                       log.flush();
                                       wrote = true;
                                   }};
        const std::string expected = read({.tail = tail}) + "more\n";
        follow_log(place_, {.tail = tail}, follow, [&](const LogLine& line) {
            all += line.text;
            return true;
        });
        EXPECT_EQ(all, expected);
    }
}

TEST_P(LogRotationTest, FollowingALogThatIsYetToComeBeginsWithIt) {
    std::optional<LogFile> log;
    std::string all;
    const LogFollow follow{.is_running = [&] { return !log; },
                           .before_wait =
                               [&] {
                                   log = LogFile::open(dir_.get(), settings(300, 10));
                                   write_lines(*log, 1, 10);
                               }};
    follow_log(place_, {}, follow, [&](const LogLine& line) {
        all += line.text;
        return true;
    });
    EXPECT_EQ(all, numbers(1, 10));
}

TEST_P(LogRotationTest, FollowingEndsAtUntilAndWhenNobodyReadsItsOutput) {
    LogFile log = LogFile::open(dir_.get(), settings(0, 1));
    write_lines(log, 1, 2);
    const auto always = [] { return true; };
    const Pipe never = make_pipe();
    int count = 0;
    const LogSink counting = [&](const LogLine&) { return ++count < 100; };
    follow_log(place_, {.until = now() + std::chrono::milliseconds(20)},
               {.is_running = always, .ended_fd = never.read.get()}, counting);
    Pipe output = make_pipe();
    output.read.reset();
    follow_log(
        place_, {},
        {.is_running = always, .ended_fd = never.read.get(), .output_fd = output.write.get()},
        counting);
    EXPECT_GE(count, 2);
}

std::string format_name(const testing::TestParamInfo<LogFormat>& format) {
    return format.param == LogFormat::json_file ? "JsonFile" : "Local";
}
INSTANTIATE_TEST_SUITE_P(Formats, LogRotationTest,
                         testing::Values(LogFormat::json_file, LogFormat::local), format_name);

class LocalLogTest : public LogRotationTest {};
TEST_P(LocalLogTest, EveryByteIsKept) {
    std::string bytes;
    unsigned state = 1;
    for (int i = 0; i < 500000; ++i)
        bytes += static_cast<char>((state = state * 1664525U + 1013904223U) >> 24U);
    LogFile log = LogFile::open(dir_.get(), settings(100000, 100));
    for (std::size_t at = 0; at < bytes.size(); at += 65536)
        log.append(Stream::output, std::string_view(bytes).substr(at, 65536), noon);
    log.finish();
    EXPECT_EQ(read(), bytes);
}

TEST_P(LocalLogTest, LooksAsKubernetesHasIt) {
    LogFile log = LogFile::open(dir_.get(), settings(0, 1));
    log.append(Stream::output, "out\n", noon);
    log.append(Stream::errors, "no end", noon);
    log.finish();
    EXPECT_EQ(file(0),
              "2020-11-22T12:00:00.000000000Z stdout F out\n"
              "2020-11-22T12:00:00.000000000Z stderr P no end\n");
    EXPECT_EQ(read(), "out\nno end");
}

TEST_P(LocalLogTest, WhatIsNoEntryIsSkipped) {
    replace_file(dir_.get(), place_.name,
                 "\n x\n2026-11-22T12:00:00Z stdout\n2026-11-22T12:00:00Z stdin F a\n"
                 "2026-11-22T12:00:00Z stdout Q a\n2026-11-22T12:00:00Z stdout F\n"
                 "2026-11-22T12:00:00Z stdout F good\n2026-11-22T12:00:00Z stdout F cut",
                 0600, Durability::none);
    EXPECT_EQ(read(), "good\n");
}
INSTANTIATE_TEST_SUITE_P(Formats, LocalLogTest, testing::Values(LogFormat::local), format_name);

}  // namespace
}  // namespace skiff::monitor
