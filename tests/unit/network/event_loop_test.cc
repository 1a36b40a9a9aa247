// SPDX-License-Identifier: Apache-2.0
#include "network/event_loop.h"

#include <array>

#include <fcntl.h>
#include <unistd.h>

#include <gtest/gtest.h>
#include <sys/epoll.h>

namespace skiff::network {
namespace {

using std::chrono::milliseconds;

struct Recorder final : EventHandler {
    std::function<void(int)> act;
    void on_ready(int fd, std::uint32_t) override { act(fd); }
};

TEST(EventLoop, TellsOfDescriptors) {
    EventLoop loop;
    const Pipe pipe = make_pipe();
    Recorder recorder;
    int seen = -1;
    recorder.act = [&](int fd) {
        seen = fd;
        loop.stop();
    };
    loop.add(pipe.read.get(), EPOLLIN, recorder);
    write_all(pipe.write.get(), "x", "the pipe");
    loop.run();
    EXPECT_EQ(seen, pipe.read.get());
}

TEST(EventLoop, AnEventOfARemovedDescriptorReachesNobody) {
    EventLoop loop;
    std::array<Pipe, 2> pipes{make_pipe(), make_pipe()};
    Recorder recorder;
    int calls = 0;
    // Both are ready in the same turn; whoever comes first removes the other.
    recorder.act = [&](int fd) {
        ++calls;
        loop.remove(fd == pipes[0].read.get() ? pipes[1].read.get() : pipes[0].read.get());
        loop.remove(fd);
        loop.add_timer(milliseconds(0), [&] { loop.stop(); });
    };
    for (const Pipe& pipe : pipes) {
        loop.add(pipe.read.get(), EPOLLIN, recorder);
        write_all(pipe.write.get(), "x", "the pipe");
    }
    loop.run();
    EXPECT_EQ(calls, 1);
}

TEST(EventLoop, TimersComeInOrderAndOnceUnlessCancelled) {
    EventLoop loop;
    std::string order;
    loop.add_timer(milliseconds(2), [&] {
        order += 'c';
        loop.stop();
    });
    loop.add_timer(milliseconds(0), [&] { order += 'a'; });
    const auto cancelled = loop.add_timer(milliseconds(0), [&] { order += 'x'; });
    loop.add_timer(milliseconds(1), [&] { order += 'b'; });
    EXPECT_TRUE(loop.cancel(cancelled));
    EXPECT_FALSE(loop.cancel(cancelled));
    loop.run();
    EXPECT_EQ(order, "abc");
}

}  // namespace
}  // namespace skiff::network
