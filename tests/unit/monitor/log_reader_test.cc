// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_reader.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "base/file.h"
#include "base/process.h"
#include "monitor/log_file.h"

namespace skiff::monitor {
namespace {

const Timestamp noon = *parse_rfc3339("2026-11-22T12:00:00Z");

class LogReaderTest : public testing::Test {
  protected:
    /// Writes "1\n" … "count\n", a second apart from noon.
    void write_lines(int count) {
        LogFile log = LogFile::open(dir_.get(), {});
        for (int i = 1; i <= count; ++i)
            log.append(Stream::output, fmt::format("{}\n", i), noon + std::chrono::seconds(i));
        log.finish();
    }
    std::string read(const LogQuery& query) {
        std::string all;
        read_log(place_, query, [&](const LogLine& line) {
            all += line.text;
            return true;
        });
        return all;
    }
    void append_raw(std::string_view text) {
        const Fd file = open_at(dir_.get(), "json.log", O_WRONLY | O_APPEND | O_CREAT, 0600);
        write_all(file.get(), text, "the log");
    }
    TempDir temp_;
    Fd dir_ = open_file(temp_.path(), O_RDONLY | O_DIRECTORY);
    LogPlace place_{.dir = dir_.get(), .name = "json.log"};
};

TEST_F(LogReaderTest, TellsLinesWithTheirStreamAndTime) {
    LogFile log = LogFile::open(dir_.get(), {});
    log.append(Stream::output, "out\n", noon);
    log.append(Stream::errors, "err", noon);
    log.finish();
    std::string all;
    read_log(place_, {.times = true}, [&](const LogLine& line) {
        all += fmt::format("{} {} {}|", static_cast<int>(line.stream),
                           to_rfc3339_nine_digits(line.time), line.text);
        return true;
    });
    EXPECT_EQ(all, "1 2026-11-22T12:00:00.000000000Z out\n|2 2026-11-22T12:00:00.000000000Z err|");
}

TEST_F(LogReaderTest, TheTailIsExact) {
    write_lines(5);
    EXPECT_EQ(read({.tail = 0}), "");
    EXPECT_EQ(read({.tail = 2}), "4\n5\n");
    EXPECT_EQ(read({.tail = 5}), "1\n2\n3\n4\n5\n");
    EXPECT_EQ(read({.tail = 99}), "1\n2\n3\n4\n5\n");
}

TEST_F(LogReaderTest, TheTailIsExactAcrossBlocks) {
    write_lines(20000);
    std::string expected;
    for (int i = 12346; i <= 20000; ++i) expected += fmt::format("{}\n", i);
    EXPECT_EQ(read({.tail = 20000 - 12345}), expected);
}

TEST_F(LogReaderTest, SinceAndUntilAreInclusive) {
    write_lines(9);
    using std::chrono::seconds;
    EXPECT_EQ(read({.since = noon + seconds(8)}), "8\n9\n");
    EXPECT_EQ(read({.until = noon + seconds(2)}), "1\n2\n");
    EXPECT_EQ(read({.tail = 3, .since = noon + seconds(2), .until = noon + seconds(8)}), "7\n8\n");
}

TEST_F(LogReaderTest, PartsOfOneLineSayThatTheyContinueIt) {
    LogFile log = LogFile::open(dir_.get(), {});
    log.append(Stream::output, std::string(20000, 'x') + "\nnext\n", noon);
    log.finish();
    std::vector<bool> begins;
    read_log(place_, {}, [&](const LogLine& line) {
        begins.push_back(line.begins_line);
        return true;
    });
    EXPECT_EQ(begins, (std::vector<bool>{true, false, true}));
}

TEST_F(LogReaderTest, CutAndForeignLinesAreSkipped) {
    append_raw("{\"log\":\"cut\n\nnonsense\n");
    write_lines(1);
    append_raw("{\"log\":\"cut again");
    EXPECT_EQ(read({}), "1\n");
    append_raw(
        "\n{\"log\":\"no newline\",\"stream\":\"stdout\",\"time\":\"2026-11-22T12:00:00Z\"}");
    EXPECT_EQ(read({}), "1\nno newline");
}

TEST_F(LogReaderTest, ALineLongerThanAnyWriterMakesIsSkipped) {
    append_raw(std::string(1'000'000, 'x') + "\n");
    write_lines(1);
    EXPECT_EQ(read({}), "1\n");
}

TEST_F(LogReaderTest, FollowingGivesEveryLineAndEndsWithTheWriter) {
    append_raw("");
    Pipe alive = make_pipe();
    CloneResult writer = clone_process(0);
    if (writer.in_child) {
        alive.read.reset();
        LogFile log = LogFile::open(dir_.get(), {});
        for (int i = 0; i < 5000; ++i) {
            log.append(Stream::output, fmt::format("{}\n", i), noon);
            if (i % 7 == 0) log.flush();
        }
        log.append(Stream::output, "end", noon);
        log.finish();
        _exit(0);
    }
    alive.write.reset();
    const LogFollow follow{[&] {
                               pollfd entry{alive.read.get(), POLLIN, 0};
                               return poll(&entry, 1, 0) == 0;
                           },
                           alive.read.get()};
    std::string all;
    follow_log(place_, {}, follow, [&](const LogLine& line) {
        all += line.text;
        return true;
    });
    writer.child.wait();
    std::string expected;
    for (int i = 0; i < 5000; ++i) expected += fmt::format("{}\n", i);
    EXPECT_EQ(all, expected + "end");
}

TEST_F(LogReaderTest, FollowingGoesOnFromTheStartOfATruncatedFile) {
    write_lines(100);
    int asked = 0;
    std::string all;
    const LogFollow follow{[&] {
        if (asked == 1) {
            EXPECT_EQ(truncate((temp_.path() + "/json.log").c_str(), 0), 0);
            write_lines(1);
        }
        return ++asked < 3;
    }};
    follow_log(place_, {.tail = 1}, follow, [&](const LogLine& line) {
        all += line.text;
        return true;
    });
    EXPECT_EQ(all, "100\n1\n");
}

TEST_F(LogReaderTest, TheSinkCanEndIt) {
    write_lines(3);
    int count = 0;
    follow_log(place_, {}, {[] { return true; }}, [&](const LogLine&) { return ++count < 2; });
    EXPECT_EQ(count, 2);
}

}  // namespace
}  // namespace skiff::monitor
