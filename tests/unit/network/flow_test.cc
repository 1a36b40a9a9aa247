// SPDX-License-Identifier: Apache-2.0
#include "network/flow.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "network/endpoint.h"

namespace skiff::network {
namespace {

struct Connection {
    Fd client;
    Fd server;
};

/// Over loopback, to an address of it.
Connection connection_to(std::uint32_t address) {
    const Fd listener(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    Endpoint at(in_addr{htonl(address)}, 0);
    EXPECT_EQ(bind(listener.get(), at.get(), at.size()), 0);
    EXPECT_EQ(listen(listener.get(), 1), 0);
    socklen_t size = Endpoint::room_size;
    EXPECT_EQ(getsockname(listener.get(), at.room(), &size), 0);
    Connection connection{Fd(socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)), {}};
    EXPECT_EQ(connect(connection.client.get(), at.get(), at.size()), 0);
    connection.server = Fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    EXPECT_TRUE(connection.server.valid());
    return connection;
}

std::string congestion_control(int fd) {
    std::string name(16, '\0');
    auto size = static_cast<socklen_t>(name.size());
    EXPECT_EQ(getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &size), 0);
    return name.c_str();
}

TEST(Flow, WithinTheMachineThereIsNoCongestionToControl) {
    EventLoop loop;
    FlowSet flows(loop, 64);
    // 127.0.0.1 is where a client of any loopback address comes from.
    Connection one = connection_to(INADDR_LOOPBACK);
    Connection other = connection_to(INADDR_LOOPBACK + 6);
    const int fds[] = {one.server.get(), other.server.get()};
    flows.join(std::move(one.server), std::move(other.server));
    for (const int fd : fds) EXPECT_EQ(congestion_control(fd), "reno");
}

TEST(Flow, BytesAndTheEndOfDataGoFromOneToTheOther) {
    EventLoop loop;
    FlowSet flows(loop, 64);
    Connection one = connection_to(INADDR_LOOPBACK);
    Connection other = connection_to(INADDR_LOOPBACK);
    flows.join(std::move(one.server), std::move(other.server));
    const std::string text = "there and no further";
    ASSERT_EQ(send(one.client.get(), text.data(), text.size(), 0),
              static_cast<ssize_t>(text.size()));
    ASSERT_EQ(shutdown(one.client.get(), SHUT_WR), 0);
    ASSERT_EQ(shutdown(other.client.get(), SHUT_WR), 0);
    // Both ends of data are known and handed on when the flow is gone.
    flows.call_when_room([&] { loop.stop(); });
    loop.run();
    EXPECT_EQ(flows.size(), 0U);
    std::string received(64, '\0');
    const ssize_t n = recv(other.client.get(), received.data(), received.size(), MSG_WAITALL);
    EXPECT_EQ(received.substr(0, static_cast<std::size_t>(std::max<ssize_t>(0, n))), text);
}

}  // namespace
}  // namespace skiff::network
