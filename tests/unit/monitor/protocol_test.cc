// SPDX-License-Identifier: Apache-2.0
#include "monitor/protocol.h"

#include <array>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/file.h"
#include "monitor/address.h"

namespace skiff::monitor {
namespace {

std::string message(std::uint16_t version, std::uint16_t type, std::uint32_t length,
                    std::string_view payload) {
    std::string text;
    text.append(reinterpret_cast<const char*>(&version), sizeof version);
    text.append(reinterpret_cast<const char*>(&type), sizeof type);
    text.append(reinterpret_cast<const char*>(&length), sizeof length);
    return text.append(payload);
}

TEST(Protocol, EveryPayloadComesBackAsItWas) {
    const AttachFrame attach =
        decode_attach(encode(AttachFrame{{true, true, false}, {false, true, false}, {24, 80}}));
    EXPECT_EQ(attach.streams, (StreamSet{true, true, false}));
    EXPECT_EQ(attach.handed, (StreamSet{false, true, false}));
    EXPECT_EQ(attach.size, (WindowSize{24, 80}));
    EXPECT_EQ(decode_resize(encode(WindowSize{1, 65535})), (WindowSize{1, 65535}));
    const StopFrame stop = decode_stop(encode(StopFrame{15, -1}));
    EXPECT_EQ(stop.signal, 15);
    EXPECT_EQ(stop.timeout_ms, -1);
    const StreamClosedFrame closed =
        decode_stream_closed(encode(StreamClosedFrame{Stream::errors, EPIPE}));
    EXPECT_EQ(closed.stream, Stream::errors);
    EXPECT_EQ(closed.error, EPIPE);
    EXPECT_EQ(decode_number(encode_number(-7)), -7);
    const Error failed = decode_failed(encode(Error(ErrorKind::command_missing, "no 'x'")));
    EXPECT_EQ(failed.kind(), ErrorKind::command_missing);
    EXPECT_EQ(failed.message(), "no 'x'");
}

TEST(Protocol, RefusesAPayloadThatIsNotExactlyOneWellFormedThing) {
    for (const auto decode : {+[](std::string_view text) { decode_attach(text); },
                              +[](std::string_view text) { decode_resize(text); },
                              +[](std::string_view text) { decode_stop(text); },
                              +[](std::string_view text) { decode_stream_closed(text); },
                              +[](std::string_view text) { decode_number(text); }}) {
        EXPECT_THROW(decode(""), Error);
        EXPECT_THROW(decode("\1"), Error);
        EXPECT_THROW(decode("\1\1\1\1\1\1\1\1\1\1\1\1"), Error);
    }
    EXPECT_THROW(decode_signal(encode_number(0)), Error);
    EXPECT_THROW(decode_signal(encode_number(65)), Error);
    EXPECT_THROW(decode_stop(encode(StopFrame{9, -2})), Error);
    EXPECT_THROW(decode_attach(std::string("\x08\0\0\0\0\0", 6)), Error) << "no such stream";
    EXPECT_THROW(decode_attach(std::string("\x01\x02\0\0\0\0", 6)), Error)
        << "handed over, not attached";
    EXPECT_THROW(decode_failed("no kind"), Error);
}

TEST(Protocol, AFailureIsCutToOneFrame) {
    EXPECT_EQ(encode(Error(ErrorKind::system, std::string(100000, 'x'))).size(), max_payload);
}

TEST(Protocol, RefusesAHeaderThatDoesNotMatch) {
    EXPECT_EQ(parse_frame(message(protocol_version, 7, 0, "")).type, FrameType::detach);
    EXPECT_THROW(parse_frame(message(protocol_version, 7, 1, "")), Error);
    EXPECT_THROW(parse_frame(message(protocol_version, 7, 0, "x")), Error);
    EXPECT_THROW(parse_frame(message(protocol_version, 63, 0, "")), Error);
    EXPECT_THROW(parse_frame(message(protocol_version, 0, 0, "")), Error);
    EXPECT_THROW(parse_frame("short"), Error);
    EXPECT_THROW(parse_frame(message(protocol_version, 2, 65537, std::string(65537, 'x'))), Error);
    EXPECT_THROW(parse_frame(message(protocol_version + 1, 7, 0, "")), Error);
    EXPECT_THROW(parse_frame(message(oldest_version - 1, 7, 0, "")), Error);
}

TEST(Protocol, DescriptorsTravelWithAFrame) {
    SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
    Pipe pipe = make_pipe();
    const int fd = pipe.write.get();
    ASSERT_TRUE(send_frame(pair.ours.get(), FrameType::attach, "x", {&fd, 1}));
    std::vector<char> buffer(max_frame);
    Frame frame;
    ASSERT_TRUE(await_frame(pair.theirs.get(), buffer, frame));
    ASSERT_EQ(frame.fds.size(), 1U);
    EXPECT_EQ(fcntl(frame.fds[0].get(), F_GETFD), FD_CLOEXEC);
    write_all(frame.fds[0].get(), "hello", "a pipe");
    std::array<char, 5> text{};
    EXPECT_EQ(read_full(pipe.read.get(), text, "a pipe"), 5U);
}

TEST(Protocol, AMessageWithMoreDescriptorsThanAllowedIsRefusedAndLeaksNone) {
    SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
    Pipe pipe = make_pipe();
    const std::array<int, 5> fds{pipe.write.get(), pipe.write.get(), pipe.write.get(),
                                 pipe.write.get(), pipe.write.get()};
    send_with_fds(pair.ours.get(), message(protocol_version, 1, 0, ""), fds);
    std::vector<char> buffer(max_frame);
    Frame frame;
    EXPECT_THROW(receive_frame(pair.theirs.get(), buffer, frame), Error);
    pipe.write.reset();
    char c = 0;
    EXPECT_EQ(read(pipe.read.get(), &c, 1), 0) << "a copy of the write end is still open";
}

TEST(Protocol, TheLastFramesOfAPeerThatDidNotReadOursArrive) {
    SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
    ASSERT_TRUE(send_frame(pair.ours.get(), FrameType::input, "never read"));
    ASSERT_TRUE(send_frame(pair.theirs.get(), FrameType::exited, encode_number(3)));
    pair.theirs.reset();
    std::vector<char> buffer(max_frame);
    Frame frame;
    ASSERT_TRUE(await_frame(pair.ours.get(), buffer, frame));
    EXPECT_EQ(decode_number(frame.payload), 3);
    EXPECT_FALSE(await_frame(pair.ours.get(), buffer, frame));
    EXPECT_EQ(try_send_frame(pair.ours.get(), FrameType::detach, ""), Sending::gone);
}

TEST(Protocol, PhasesComeBackAsTheyWere) {
    const std::vector<Phase> phases{{"overlay", 5, 5}, {std::string(max_phase_name, 'x'), 7, 1000}};
    EXPECT_EQ(decode_timing(encode(phases)), phases);
    EXPECT_TRUE(decode_timing("").empty());
    const std::vector<Phase> many(max_frame_phases + 1, Phase{"a", 1, 2});
    EXPECT_EQ(decode_timing(encode(many)).size(), max_frame_phases);
}

TEST(Protocol, PhasesThatNoMonitorMeasuredAreRefused) {
    const std::string good = encode(std::vector<Phase>{{"overlay", 5, 9}});
    EXPECT_EQ(decode_timing(good).size(), 1U);
    for (std::size_t length = 1; length < good.size(); ++length)
        EXPECT_THROW(decode_timing(good.substr(0, length)), Error) << length;
    EXPECT_THROW(decode_timing(good + "x"), Error);
    EXPECT_THROW(decode_timing(encode(std::vector<Phase>{{"back", 9, 5}})), Error);
    EXPECT_THROW(decode_timing(encode(std::vector<Phase>{{"before boot", -1, 5}})), Error);
    EXPECT_THROW(decode_timing(encode(std::vector<Phase>{{"", 1, 2}})), Error);
    EXPECT_THROW(decode_timing(encode(std::vector<Phase>{{"\033[2J", 1, 2}})), Error);
    std::string too_many;
    for (std::size_t i = 0; i <= max_frame_phases; ++i) too_many += good;
    EXPECT_THROW(decode_timing(too_many), Error);
}

TEST(Address, ASocketIsPrivateAndReplacesADeadOne) {
    const TempDir temp;
    const Fd dir = open_file(temp.path(), O_RDONLY | O_DIRECTORY);
    EXPECT_FALSE(connect_at(dir.get(), "monitor.sock"));
    listen_at(dir.get(), "monitor.sock");
    EXPECT_FALSE(connect_at(dir.get(), "monitor.sock")) << "nobody listens any more";
    const Fd listener = listen_at(dir.get(), "monitor.sock");
    struct stat status{};
    ASSERT_EQ(fstatat(dir.get(), "monitor.sock", &status, 0), 0);
    EXPECT_EQ(status.st_mode & 07777U, 0600U);
}

}  // namespace
}  // namespace skiff::monitor
