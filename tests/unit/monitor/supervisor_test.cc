// SPDX-License-Identifier: Apache-2.0
// The monitor's side, with clients that speak the protocol by hand.
#include "monitor/supervisor.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "fake_container.h"

namespace skiff::monitor {
namespace {

using test::FakeContainer;
using test::Setup;

/// A client that keeps all it hears.
class Listener {
  public:
    explicit Listener(Fd socket) : socket_(std::move(socket)), buffer_(max_frame) {}

    void attach(const AttachFrame& request, std::span<const int> fds = {}) {
        ASSERT_TRUE(send_frame(socket_.get(), FrameType::attach, encode(request), fds));
    }
    void say(FrameType type, std::string_view payload = {}) {
        EXPECT_TRUE(send_frame(socket_.get(), type, payload));
    }
    /// Reads frames until one is of type `wanted`, which is returned; false at the end.
    bool hear(FrameType wanted) {
        while (await_frame(socket_.get(), buffer_, frame)) {
            if (frame.type == FrameType::output) output += frame.payload;
            if (frame.type == FrameType::errors) errors += frame.payload;
            if (frame.type == wanted) return true;
        }
        return false;
    }
    /// Reads to the exit code; -1 when the connection ends without one.
    int code() { return hear(FrameType::exited) ? decode_number(frame.payload) : -1; }
    void hang_up() { socket_.reset(); }
    int socket() const { return socket_.get(); }

    std::string output;
    std::string errors;
    Frame frame;

  private:
    Fd socket_;
    std::vector<char> buffer_;
};

constexpr AttachFrame both_outputs{{false, true, true}, {}, {}};
constexpr AttachFrame everything{{true, true, true}, {}, {}};

TEST(Supervisor, DeliversBothStreamsAndTheCode) {
    FakeContainer container({.script = "echo out; echo err >&2; exit 7"});
    Listener client(container.take_socket());
    client.attach(both_outputs);
    EXPECT_EQ(client.code(), 7);
    EXPECT_EQ(client.output, "out\n");
    EXPECT_EQ(client.errors, "err\n");
    EXPECT_EQ(container.monitor_code(), 0);
    EXPECT_EQ(container.log(Stream::output), "out\n");
    EXPECT_EQ(container.log(Stream::errors), "err\n");
}

TEST(Supervisor, ASignalIsTheShellsCode) {
    FakeContainer container({.script = "kill -KILL $$"});
    Listener client(container.take_socket());
    client.attach(both_outputs);
    EXPECT_EQ(client.code(), 137);
}

TEST(Supervisor, AFailedStartIsTold) {
    FakeContainer container({.script = "", .fails = true});
    Listener client(container.take_socket());
    client.attach(both_outputs);
    ASSERT_TRUE(client.hear(FrameType::failed));
    EXPECT_EQ(decode_failed(client.frame.payload).kind(), ErrorKind::command_missing);
    EXPECT_EQ(container.monitor_code(), 0);
}

TEST(Supervisor, InputInFramesIsWrittenAcknowledgedAndEnded) {
    FakeContainer container({.script = "cat; echo end", .interactive = true});
    Listener client(container.take_socket());
    client.attach(everything);
    client.say(FrameType::input, "hello\n");
    ASSERT_TRUE(client.hear(FrameType::input_taken));
    EXPECT_EQ(decode_number(client.frame.payload), 6);
    client.say(FrameType::input_end);
    EXPECT_EQ(client.code(), 0);
    EXPECT_EQ(client.output, "hello\nend\n");
}

TEST(Supervisor, ASignalIsNotHeldUpByInputThatNobodyReads) {
    FakeContainer container(
        {.script = "trap 'exit 5' USR1; echo ready; while :; do sleep 1000 & wait $!; done",
         .interactive = true});
    Listener client(container.take_socket());
    client.attach(everything);
    ASSERT_TRUE(client.hear(FrameType::output));
    // A pipe takes 64 KiB, the window is another 64 KiB: after both, nothing moves any more.
    client.say(FrameType::input, std::string(max_payload, 'x'));
    ASSERT_TRUE(client.hear(FrameType::input_taken));
    client.say(FrameType::input, std::string(max_payload, 'x'));
    client.say(FrameType::signal, encode_number(SIGUSR1));
    EXPECT_EQ(client.code(), 5);
}

TEST(Supervisor, AClientThatBreaksTheProtocolIsDroppedAndTheContainerGoesOn) {
    FakeContainer container({.script = "cat; echo end", .interactive = true, .stdin_once = false});
    Listener good(container.take_socket());
    good.attach(both_outputs);
    ASSERT_TRUE(good.hear(FrameType::started));
    const std::vector<std::function<void(Listener&)>> sins{
        [](Listener& bad) { bad.say(FrameType::exited, encode_number(1)); },
        [](Listener& bad) { bad.say(FrameType::input, "not attached"); },
        [](Listener& bad) { bad.attach({{true, false, false}, {true, false, false}, {}}); },
        [](Listener& bad) { bad.say(FrameType::signal, "?"); },
        [](Listener& bad) { EXPECT_EQ(send(bad.socket(), "x", 1, 0), 1); }};
    for (const auto& sin : sins) {
        Listener bad(container.connect().socket);
        sin(bad);
        EXPECT_EQ(bad.code(), -1);
    }
    Listener other(container.connect().socket);
    other.attach(everything);
    other.say(FrameType::input_end);
    other.hang_up();  // without stdin_once neither ends the container's stdin
    Listener last(container.connect().socket);
    last.say(FrameType::stop, encode(StopFrame{SIGTERM, -1}));
    EXPECT_EQ(last.code(), 143);
    EXPECT_EQ(good.code(), 143);
}

TEST(Supervisor, StopKillsAfterTheTimeout) {
    FakeContainer container(
        {.script = "trap '' TERM; echo ready; while :; do sleep 1000 & wait $!; done"});
    Listener client(container.take_socket());
    client.attach(both_outputs);
    ASSERT_TRUE(client.hear(FrameType::output));
    client.say(FrameType::stop, encode(StopFrame{SIGTERM, 10}));
    EXPECT_EQ(client.code(), 137);
}

TEST(Supervisor, TheContainerSurvivesItsForegroundClient) {
    FakeContainer container({.script = "cat; touch $DIR/went-on; echo end", .interactive = true});
    Listener client(container.take_socket());
    client.attach(everything);
    ASSERT_TRUE(client.hear(FrameType::started));
    Listener other(container.connect().socket);
    other.attach(both_outputs);
    other.say(FrameType::userns_request);
    ASSERT_TRUE(other.hear(FrameType::userns)) << "so the attach before it was obeyed";
    client.hang_up();  // StdinOnce: cat now meets its end of file
    EXPECT_EQ(other.code(), 0);
    EXPECT_EQ(container.monitor_code(), 0);
    EXPECT_EQ(container.log(Stream::output), "end\n");
}

TEST(Supervisor, EveryClientGetsAllOutputFromItsAttachOn) {
    FakeContainer container({.script = "read x; cat $DIR/data", .interactive = true});
    const std::string data = test::pattern(3'000'000);
    replace_file(container.dir(), "data", data, 0600, Durability::none);
    Listener client(container.take_socket());
    client.attach(everything);
    ASSERT_TRUE(client.hear(FrameType::started));
    std::vector<Child> readers;
    Pipe attached = make_pipe();
    for (int i = 0; i < 3; ++i) {
        readers.push_back(test::in_child([&] {
            Listener reader(container.connect().socket);
            reader.attach(both_outputs);
            // The answer shows that the attach before it was obeyed.
            reader.say(FrameType::userns_request);
            if (!reader.hear(FrameType::userns)) return 1;
            write_all(attached.write.get(), "x", "a pipe");
            return reader.code() == 0 && reader.output == data ? 0 : 2;
        }));
    }
    std::array<char, 3> all{};
    read_full(attached.read.get(), all, "a pipe");
    client.say(FrameType::input, "go\n");
    EXPECT_EQ(client.code(), 0);
    EXPECT_TRUE(client.output == data);
    for (Child& reader : readers) EXPECT_EQ(reader.wait().shell_code(), 0);
}

TEST(Supervisor, ASlowClientHoldsTheContainerBackAndLosesNothing) {
    FakeContainer container(
        {.script = "cat $DIR/data; touch $DIR/written", .log = false, .foreground = true});
    const std::string data = test::pattern(4'000'000);
    replace_file(container.dir(), "data", data, 0600, Durability::none);
    Listener client(container.take_socket());
    client.attach(both_outputs);
    ASSERT_TRUE(client.hear(FrameType::output));
    // The kernel's buffers hold less than a megabyte, so what is not read here cannot have been
    // written.
    while (client.output.size() < 1'000'000) ASSERT_TRUE(client.hear(FrameType::output));
    EXPECT_NE(faccessat(container.dir(), "written", F_OK, 0), 0);
    EXPECT_EQ(client.code(), 0);
    EXPECT_TRUE(client.output == data);
}

TEST(Supervisor, AStalledClientDelaysNeitherTheEndNorTheLog) {
    FakeContainer container({.script = "cat $DIR/data; echo full > $DIR/full; exec sleep 1000"});
    // More than one chunk and less than the pipes, the chunk and the socket hold together.
    const std::string data = test::pattern(200'000);
    replace_file(container.dir(), "data", data, 0600, Durability::none);
    Pipe pipe = make_pipe();
    const int fd = pipe.write.get();
    Listener stalled(container.take_socket());
    stalled.attach({{false, true, false}, {false, true, false}, {}}, {&fd, 1});
    pipe.write.reset();
    ASSERT_TRUE(stalled.hear(FrameType::started));
    Listener other(container.connect().socket);
    // Not a test of the signal's moment: whatever part was written until then must arrive.
    other.say(FrameType::stop, encode(StopFrame{SIGTERM, 0}));
    EXPECT_GE(other.code(), 128) << "told although the other client has not read a byte";
    const std::string logged = container.log(Stream::output);
    std::string read(data.size(), '\0');
    read.resize(read_full(pipe.read.get(), read, "a pipe"));
    EXPECT_TRUE(read == logged) << read.size() << " " << logged.size();
    EXPECT_GE(stalled.code(), 128);
    EXPECT_EQ(container.monitor_code(), 0);
}

TEST(Supervisor, HandedDescriptorsAreUsedDirectlyAndKeepTheirFlags) {
    FakeContainer container({.script = "cat; echo err >&2", .interactive = true});
    const std::string data = test::pattern(1'000'000);
    replace_file(container.dir(), "in", data, 0600, Durability::none);
    const Fd in = open_at(container.dir(), "in", O_RDONLY);
    const Fd out = open_at(container.dir(), "out", O_RDWR | O_CREAT, 0600);
    Pipe errors = make_pipe();
    const std::array<int, 3> fds{in.get(), out.get(), errors.write.get()};
    Listener client(container.take_socket());
    client.attach({{true, true, true}, {true, true, true}, {}}, fds);
    EXPECT_EQ(client.code(), 0);
    EXPECT_EQ(client.output + client.errors, "");
    EXPECT_TRUE(find_file(container.dir(), "out", 2'000'000) == data);
    EXPECT_EQ(fcntl(errors.write.get(), F_GETFL) & O_NONBLOCK, 0);
    EXPECT_EQ(container.monitor_code(), 0);
    errors.write.reset();
    EXPECT_EQ(read_to_end(errors.read.get(), 100, "a pipe"), "err\n");
}

TEST(Supervisor, AHandedPipeWithoutReaderIsToldAndTheContainerGoesOn) {
    FakeContainer container({.script = "echo a; echo b; sleep 0; echo c"});
    Pipe pipe = make_pipe();
    const int fd = pipe.write.get();
    pipe.read.reset();
    Listener client(container.take_socket());
    client.attach({{false, true, false}, {false, true, false}, {}}, {&fd, 1});
    ASSERT_TRUE(client.hear(FrameType::stream_closed));
    EXPECT_EQ(decode_stream_closed(client.frame.payload).error, EPIPE);
    EXPECT_EQ(client.code(), 0);
    EXPECT_EQ(container.monitor_code(), 0);
    EXPECT_EQ(container.log(Stream::output), "a\nb\nc\n");
}

TEST(Supervisor, WhoWritesToAStdinThatTheContainerClosedIsTold) {
    FakeContainer container(
        {.script = "exec <&-; echo closed; exec sleep 1000", .interactive = true});
    Pipe pipe = make_pipe();
    const int fd = pipe.read.get();
    Listener client(container.take_socket());
    client.attach({{true, true, false}, {true, false, false}, {}}, {&fd, 1});
    pipe.read.reset();
    ASSERT_TRUE(client.hear(FrameType::output));
    signal(SIGPIPE, SIG_IGN);
    pollfd entry{pipe.write.get(), 0, 0};
    EXPECT_EQ(poll(&entry, 1, -1), 1) << "POLLERR, once the monitor has let go";
    EXPECT_LT(write(pipe.write.get(), "x", 1), 0);
    client.say(FrameType::signal, encode_number(SIGKILL));
    EXPECT_EQ(client.code(), 137);
}

TEST(Supervisor, GrandchildrenThatHoldTheOutputDoNotDelayTheEnd) {
    for (const bool tty : {false, true}) {
        FakeContainer container(
            {.script = "trap '' HUP; sleep 1000 & echo $!; exit 3", .tty = tty});
        Listener client(container.take_socket());
        client.attach(both_outputs);
        EXPECT_EQ(client.code(), 3);
        ASSERT_FALSE(client.output.empty());
        EXPECT_EQ(kill(std::stoi(client.output), SIGKILL), 0) << "it was still there";
    }
}

TEST(Supervisor, OrphansAreReapedAndInitsCodeIsKept) {
    if (geteuid() != 0) GTEST_SKIP() << "a pid namespace needs root here";
    FakeContainer container(
        {.script = "for i in 1 2 3 4 5 6 7 8; do (sh -c 'exit 9' &); done; sleep 0.05; "
                   "ls -d /proc/[0-9]* >/dev/null; exit 4",
         .pid_namespace = true});
    Listener client(container.take_socket());
    client.attach(both_outputs);
    EXPECT_EQ(client.code(), 4);
    EXPECT_EQ(container.monitor_code(), 0);
}

TEST(Supervisor, TheUserNamespaceIsGivenToItsOwner) {
    FakeContainer container({.script = "read x; exit 0", .interactive = true});
    Listener client(container.take_socket());
    client.attach(everything);
    ASSERT_TRUE(client.hear(FrameType::started));
    const MonitorConnection connection = container.connect();
    const auto userns = request_userns(connection.socket.get(), connection.version);
    ASSERT_TRUE(userns);
    struct stat theirs{};
    struct stat ours{};
    ASSERT_EQ(fstat(userns->get(), &theirs), 0);
    ASSERT_EQ(stat("/proc/self/ns/user", &ours), 0);
    EXPECT_EQ(theirs.st_ino, ours.st_ino);
    client.say(FrameType::input_end);
    EXPECT_EQ(client.code(), 0);
}

TEST(Supervisor, OtherUsersAreNotHeard) {
    if (geteuid() != 0) GTEST_SKIP() << "needs a second user";
    FakeContainer container({.script = "read x; exit 0", .interactive = true});
    Listener client(container.take_socket());
    client.attach(everything);
    ASSERT_TRUE(client.hear(FrameType::started));
    // Even with a path socket that lets everybody in, the monitor itself looks who it is.
    ASSERT_EQ(fchmodat(container.dir(), "monitor.sock", 0777, 0), 0);
    ASSERT_EQ(fchmod(container.dir(), 0755), 0);
    Child stranger = test::in_child([&] {
        if (setgid(65534) < 0 || setuid(65534) < 0) return 1;
        try {
            return container.connect().version == 0 ? 2 : 3;
        } catch (const Error& error) {
            return error.kind() == ErrorKind::not_found ? 0 : 4;
        }
    });
    EXPECT_EQ(stranger.wait().shell_code(), 0);
    client.say(FrameType::input_end);
    EXPECT_EQ(client.code(), 0);
}

TEST(Supervisor, ShutdownOfTheHostStopsTheContainer) {
    FakeContainer container(
        {.script = "trap 'exit 6' TERM; echo ready; while :; do sleep 1000 & wait $!; done"});
    Listener client(container.take_socket());
    client.attach(both_outputs);
    ASSERT_TRUE(client.hear(FrameType::output));
    EXPECT_TRUE(container.monitor().kill(SIGHUP));
    EXPECT_TRUE(container.monitor().kill(SIGTERM));
    EXPECT_EQ(client.code(), 6);
}

TEST(Supervisor, ClientsThatDoNotAttachHearTheEnd) {
    FakeContainer container({.script = "echo out; exit 8", .foreground = false});
    Fd socket = container.take_socket();
    EXPECT_GT(await_start(socket.get()), 0);
    EXPECT_EQ(await_exit(socket.get()), 8);
}

}  // namespace
}  // namespace skiff::monitor
