// SPDX-License-Identifier: Apache-2.0
// attach() in a process of its own, with real terminals and pipes, against a real monitor.
#include "monitor/client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/wait.h>

#include "fake_container.h"
#include "monitor/raw_terminal.h"

namespace skiff::monitor {
namespace {

using test::FakeContainer;
using test::read_until;
using test::Setup;
using test::Terminal;

constexpr StreamSet all_streams{true, true, true};
constexpr StreamSet outputs{false, true, true};
constexpr int detached = 100 + static_cast<int>(AttachEnd::detached);
constexpr int output_gone = 100 + static_cast<int>(AttachEnd::output_gone);
constexpr int signaled = 100 + static_cast<int>(AttachEnd::signaled);

tcflag_t local_flags(int terminal) {
    termios settings{};
    tcgetattr(terminal, &settings);
    return settings.c_lflag;
}

/// A command in front of a container, each with a terminal of its own.
class TerminalSession {
  public:
    explicit TerminalSession(const Setup& setup, WindowSize size = {24, 80})
        : terminal_(test::make_terminal(size)),
          before_(local_flags(terminal_.slave.get())),
          container_(setup) {
        client_ = test::in_child([&] {
            setsid();
            ioctl(terminal_.slave.get(), TIOCSCTTY, 0);
            terminal_.master.reset();
            const int fd = terminal_.slave.get();
            const AttachResult result = attach(container_.take_socket(), {.streams = all_streams,
                                                                          .tty = setup.tty,
                                                                          .input_fd = fd,
                                                                          .output_fd = fd,
                                                                          .errors_fd = fd});
            return result.end == AttachEnd::exited ? result.code
                                                   : 100 + static_cast<int>(result.end);
        });
        container_.take_socket();  // the client's copy is the only one now
    }
    void type(std::string_view text) { write_all(terminal_.master.get(), text, "a terminal"); }
    std::string read_to(std::string_view end) { return read_until(terminal_.master.get(), end); }
    int code() { return client_.wait().shell_code(); }
    bool restored() const { return local_flags(terminal_.slave.get()) == before_; }
    Child& client() { return client_; }
    FakeContainer& container() { return container_; }
    int master() const { return terminal_.master.get(); }

  private:
    Terminal terminal_;
    tcflag_t before_;
    FakeContainer container_;
    Child client_;
};

TEST(Client, TheSizeIsKnownBeforeTheProgramStarts) {
    TerminalSession session({.script = "stty size; exit 3", .tty = true, .interactive = true},
                            {33, 101});
    EXPECT_EQ(session.read_to("101"), "33 101");
    EXPECT_EQ(session.code(), 3);
    EXPECT_TRUE(session.restored());
}

TEST(Client, AChangeOfTheSizeReachesTheContainer) {
    TerminalSession session(
        {.script =
             "trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 1000 & wait $!; done",
         .tty = true,
         .interactive = true});
    session.read_to("ready");
    const winsize size{40, 120, 0, 0};
    ASSERT_EQ(ioctl(session.master(), TIOCSWINSZ, &size), 0);
    EXPECT_NE(session.read_to("120").find("40 120"), std::string::npos);
    EXPECT_EQ(session.code(), 0);
}

TEST(Client, KeysGoToTheContainersTerminal) {
    TerminalSession session(
        {.script = "stty -echo; echo ready; read x; echo \"got $x\"; exec sleep 1000",
         .tty = true,
         .interactive = true});
    session.read_to("ready");
    session.type("hello\r");
    EXPECT_NE(session.read_to("got hello").find("got hello"), std::string::npos);
    session.type("\x03");  // the container's line discipline makes SIGINT of it
    EXPECT_EQ(session.code(), 130);
    EXPECT_TRUE(session.restored());
}

TEST(Client, WhatWasTypedBeforeTheStartIsNotLost) {
    Terminal terminal = test::make_terminal({24, 80});
    write_all(terminal.master.get(), "early\n", "a terminal");
    FakeContainer container({.script = "read x; echo \"got $x\"", .interactive = true});
    Child client =
        test::attach_in_child(container.take_socket(), {.streams = all_streams,
                                                        .input_fd = terminal.slave.get(),
                                                        .output_fd = terminal.slave.get(),
                                                        .errors_fd = terminal.slave.get()});
    EXPECT_NE(read_until(terminal.master.get(), "got early").find("got early"), std::string::npos);
    EXPECT_EQ(client.wait().shell_code(), 0);
}

TEST(Client, TheDetachKeysLeaveTheContainerRunning) {
    TerminalSession session(
        {.script = "stty -echo raw; echo ready; cat", .tty = true, .interactive = true});
    session.read_to("ready");
    session.type("\x10x");
    EXPECT_EQ(session.read_to("\x10x").substr(session.read_to("").size()).find("\x11"),
              std::string::npos);
    session.type("\x10\x11");
    EXPECT_EQ(session.code(), detached);
    EXPECT_TRUE(session.restored());
    MonitorConnection other = session.container().connect();
    ASSERT_TRUE(send_frame(other.socket.get(), FrameType::stop, encode(StopFrame{SIGKILL, -1})));
    EXPECT_EQ(await_exit(other.socket.get()), 137);
}

TEST(Client, ASignalRestoresTheTerminalAndTheContainerGoesOn) {
    for (const int number : {SIGTERM, SIGHUP, SIGINT}) {
        TerminalSession session({.script = "echo ready; read x", .tty = true, .interactive = true});
        session.read_to("ready");
        EXPECT_TRUE(session.client().kill(number));
        EXPECT_EQ(session.code(), signaled);
        EXPECT_TRUE(session.restored());
        EXPECT_GT(await_start(session.container().connect().socket.get()), 0);
    }
}

TEST(Client, AFaultOfOursRestoresTheTerminal) {
    for (const int number : {SIGSEGV, SIGABRT}) {
        TerminalSession session({.script = "echo ready; read x", .tty = true, .interactive = true});
        session.read_to("ready");
        EXPECT_FALSE(session.restored());
        EXPECT_TRUE(session.client().kill(number));
        EXPECT_EQ(session.code(), 128 + number);
        EXPECT_TRUE(session.restored());
    }
}

TEST(Client, BeingStoppedGivesTheTerminalBackForTheTime) {
    TerminalSession session(
        {.script = "echo ready; read x; echo \"got $x\"", .tty = true, .interactive = true});
    session.read_to("ready");
    EXPECT_TRUE(session.client().kill(SIGTSTP));
    siginfo_t info{};
    ASSERT_EQ(waitid(P_PID, static_cast<id_t>(session.client().pid()), &info, WSTOPPED), 0);
    EXPECT_TRUE(session.restored());
    EXPECT_TRUE(session.client().kill(SIGCONT));
    session.type("on\r");
    EXPECT_NE(session.read_to("got on").find("got on"), std::string::npos);
    EXPECT_EQ(session.code(), 0);
    EXPECT_TRUE(session.restored());
}

TEST(Client, AFailedStartIsThrownAgainWithItsKindAndLeavesTheTerminal) {
    TerminalSession session({.script = "", .tty = true, .interactive = true, .fails = true});
    EXPECT_EQ(session.code(), 99);
    EXPECT_TRUE(session.restored());
    FakeContainer container({.script = "", .fails = true});
    try {
        attach(container.take_socket(), {.streams = outputs});
        ADD_FAILURE();
    } catch (const Error& error) {
        EXPECT_EQ(error.kind(), ErrorKind::command_missing);
        EXPECT_EQ(error.message(), "no such program");
    }
}

TEST(Client, ADeadMonitorIsAnError) {
    FakeContainer container({.script = "exec sleep 1000"});
    Fd socket = container.take_socket();
    EXPECT_THROW(attach(std::move(socket), {.streams = outputs,
                                            .on_started =
                                                [&](pid_t pid) {
                                                    container.monitor().kill(SIGKILL);
                                                    kill(pid, SIGKILL);
                                                }}),
                 Error);
}

TEST(Client, SignalsAreProxiedWithoutATerminal) {
    FakeContainer container({.script =
                                 "trap 'echo usr1' USR1; trap 'echo int; exit 4' INT; echo ready;"
                                 "while :; do sleep 1000 & wait $!; done"});
    Pipe pipe = make_pipe();
    Child client = test::attach_in_child(
        container.take_socket(), {.streams = {false, true, false}, .output_fd = pipe.write.get()});
    pipe.write.reset();
    EXPECT_EQ(read_until(pipe.read.get(), "ready\n"), "ready\n");
    EXPECT_TRUE(client.kill(SIGUSR1));
    EXPECT_EQ(read_until(pipe.read.get(), "usr1\n"), "usr1\n");
    EXPECT_TRUE(client.kill(SIGINT));
    EXPECT_EQ(client.wait().shell_code(), 4);
    EXPECT_EQ(read_until(pipe.read.get(), "int\n"), "int\n");
}

TEST(Client, AClosedReaderEndsTheCommandAndNotTheContainer) {
    FakeContainer container(
        {.script = "read go; echo a; echo b; touch $DIR/went-on", .interactive = true});
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    out.read.reset();
    Child client = test::attach_in_child(
        container.take_socket(),
        {.streams = all_streams, .input_fd = in.read.get(), .output_fd = out.write.get()});
    write_all(in.write.get(), "go\n", "a pipe");
    EXPECT_EQ(client.wait().shell_code(), output_gone);
    EXPECT_EQ(container.monitor_code(), 0);
    EXPECT_EQ(faccessat(container.dir(), "went-on", F_OK, 0), 0);
}

TEST(Client, OutputThatCannotBeWrittenIsReported) {
    FakeContainer container({.script = "echo out; exit 5"});
    const Fd full = open_file("/dev/full", O_WRONLY);
    const AttachResult result =
        attach(container.take_socket(), {.streams = {false, true, false}, .output_fd = full.get()});
    EXPECT_EQ(result.code, 5);
    ASSERT_TRUE(result.output_error);
    EXPECT_EQ(result.output_error->message(), "cannot write stdout: No space left on device");
}

TEST(Client, TheEndOfStdinIsTheEndOfTheContainersStdin) {
    FakeContainer container({.script = "cat", .interactive = true});
    Pipe in = make_pipe();
    Pipe out = make_pipe();
    Child client = test::attach_in_child(
        container.take_socket(),
        {.streams = all_streams, .input_fd = in.read.get(), .output_fd = out.write.get()},
        in.write.get());
    out.write.reset();
    in.read.reset();
    write_all(in.write.get(), "text", "a pipe");
    in.write.reset();
    EXPECT_EQ(read_to_end(out.read.get(), 100, "a pipe"), "text");
    EXPECT_EQ(client.wait().shell_code(), 0);

    Terminal terminal = test::make_terminal({24, 80});
    FakeContainer second({.script = "cat; echo end", .interactive = true});
    Child typist = test::attach_in_child(second.take_socket(), {.streams = all_streams,
                                                                .input_fd = terminal.slave.get(),
                                                                .output_fd = terminal.slave.get(),
                                                                .errors_fd = terminal.slave.get()});
    write_all(terminal.master.get(), "line\n\x04", "a terminal");
    EXPECT_NE(read_until(terminal.master.get(), "end").find("end"), std::string::npos);
    EXPECT_EQ(typist.wait().shell_code(), 0);
}

// The promise "nothing is lost": a container that writes 1 MB and exits at once, again and again.
constexpr int rounds = 200;
constexpr std::size_t megabyte = 1'000'000;

TEST(ClientStress, AMegabyteAndExitThroughPipes) {
    const std::string data = test::pattern(megabyte);
    const TempDir temp;
    const Fd dir = open_file(temp.path(), O_RDONLY | O_DIRECTORY);
    replace_file(dir.get(), "data", data, 0600, Durability::none);
    for (int i = 0; i < rounds; ++i) {
        FakeContainer container({.script = "exec cat " + temp.path() + "/data"});
        Pipe pipe = make_pipe();
        Child client =
            test::attach_in_child(container.take_socket(),
                                  {.streams = {false, true, false}, .output_fd = pipe.write.get()});
        pipe.write.reset();
        ASSERT_TRUE(read_to_end(pipe.read.get(), 2 * megabyte, "a pipe") == data) << "round " << i;
        ASSERT_EQ(client.wait().shell_code(), 0);
        ASSERT_EQ(container.monitor_code(), 0);
        ASSERT_TRUE(container.log(Stream::output) == data) << "round " << i;
    }
}

TEST(ClientStress, AMegabyteAndExitThroughTwoTerminals) {
    const std::string data = test::pattern(megabyte);
    const TempDir temp;
    const Fd dir = open_file(temp.path(), O_RDONLY | O_DIRECTORY);
    replace_file(dir.get(), "data", data, 0600, Durability::none);
    for (int i = 0; i < rounds; ++i) {
        TerminalSession session(
            {.script = "exec cat " + temp.path() + "/data", .tty = true, .interactive = true});
        std::string all(data.size(), '\0');
        all.resize(read_full(session.master(), all, "a terminal"));
        ASSERT_TRUE(all == data) << "round " << i;
        ASSERT_EQ(session.code(), 0);
        ASSERT_EQ(session.container().monitor_code(), 0);
        ASSERT_TRUE(session.container().log(Stream::output) == data) << "round " << i;
    }
}

}  // namespace
}  // namespace skiff::monitor
