// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_messages.h"

#include <gtest/gtest.h>

namespace skiff::monitor {
namespace {

LogOrigin origin() {
    return {.id = std::string(64, 'a'),
            .name = "web",
            .image_id = "sha256:1",
            .image_name = "img",
            .command = "sh",
            .created = "then",
            .tag = "t",
            .hostname = "h",
            .process = 5,
            .extra = {{"some.key", "v"}}};
}

OutgoingLine line_of(std::string_view text, Stream stream = Stream::output) {
    OutgoingLine line;
    line.stream = stream;
    line.text = text;
    return line;
}

std::vector<std::string> lines(const LineFormat& format, const OutgoingLine& line) {
    std::vector<std::string> to;
    format(line, to);
    return to;
}

TEST(Journal, HasFieldsOfItsOwnForm) {
    EXPECT_EQ(journal_field("__a.b-9"), "A_B_9");
    EXPECT_EQ(journal_field("_"), "");
    const auto sent = lines(journald_format(origin()), line_of("a\nb", Stream::errors));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_NE(sent[0].find("CONTAINER_NAME=web\n"), std::string::npos);
    EXPECT_NE(sent[0].find("CONTAINER_ID=aaaaaaaaaaaa\n"), std::string::npos);
    EXPECT_NE(sent[0].find("SOME_KEY=v\n"), std::string::npos);
    EXPECT_NE(sent[0].find("PRIORITY=3\n"), std::string::npos);
    // A value with a newline has its length in front.
    const std::string length("\x03\0\0\0\0\0\0\0", 8);
    EXPECT_NE(sent[0].find("MESSAGE\n" + length + "a\nb\n"), std::string::npos);
}

TEST(Gelf, IsLeftOutWhereItHasTooManyChunks) {
    const std::string text(200'000, 'x');
    const auto format =
        gelf_format(origin(), {.stream = false, .compression = GelfCompression::none, .level = 1});
    EXPECT_TRUE(lines(format, line_of(text)).empty());
    const auto sent = lines(format, line_of(std::string_view(text).substr(0, 3000)));
    ASSERT_GT(sent.size(), 1U);
    for (size_t i = 0; i < sent.size(); ++i) {
        EXPECT_LE(sent[i].size(), 1420U);
        EXPECT_EQ(sent[i].substr(0, 2), "\x1e\x0f");
        EXPECT_EQ(static_cast<size_t>(sent[i][10]), i);
        EXPECT_EQ(static_cast<size_t>(sent[i][11]), sent.size());
    }
}

TEST(Fluentd, IsAnArrayOfTagTimeAndRecord) {
    const auto sent = lines(fluentd_format(origin(), {}), line_of("x"));
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].substr(0, 8), std::string("\x93\xa1t\xce\0\0\0\0", 8));
    EXPECT_EQ(sent[0][8], '\x85');  // five members: two of the container, one chosen, log, source
}

}  // namespace
}  // namespace skiff::monitor
