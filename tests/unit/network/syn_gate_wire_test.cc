// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <thread>

#include <poll.h>

#include <gtest/gtest.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include "base/error.h"
#include "wire_world.h"

namespace skiff::network {
namespace {

constexpr std::uint16_t port = 443;

Fd accept_one(const Fd& listener) {
    Fd fd(accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!fd.valid()) throw SystemError(errno, "nobody came");
    return fd;
}

std::string read_some(int fd) {
    std::array<char, 4096> buffer;
    const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0) throw SystemError(errno, "cannot read");
    return {buffer.data(), static_cast<std::size_t>(n)};
}

/// What connect(2) in the container says, with so many repetitions of the first segment at most.
int connect_errno(World& world, Place place, const Endpoint& to, int repetitions) {
    const Fd fd = world.socket_in(place, to.family(), SOCK_STREAM);
    setsockopt(fd.get(), IPPROTO_TCP, TCP_SYNCNT, &repetitions, sizeof repetitions);
    return connect(fd.get(), to.get(), to.size()) == 0 ? 0 : errno;
}

class SynGateWire : public testing::Test {
  protected:
    void SetUp() override {
        if (!obstacle().empty()) GTEST_SKIP() << obstacle();
        world_ = std::make_unique<World>(World::Options{});
        if (!world_->paths().gate4 || !world_->paths().gate6)
            GTEST_SKIP() << "this kernel has no tproxy in nftables";
    }
    std::unique_ptr<World> world_;
};

TEST_F(SynGateWire, ConnectsToOtherMachines) {
    struct Case {
        const char* server;
        const char* host;
        const char* container;
    };
    for (const auto& [server, host, container] :
         {Case{remote_address, host_address, container_address},
          Case{remote_address6, host_address6, "fd00::100"}}) {
        const Fd listener = world_->server(Place::remote, SOCK_STREAM, at(server, port));
        const Fd client = world_->client(Place::container, SOCK_STREAM, at(server, port));
        const Fd accepted = accept_one(listener);
        EXPECT_EQ(text_of(peer_of(accepted.get()).with_port(0)), text_of(at(host, 0)));
        EXPECT_EQ(text_of(peer_of(client.get())), text_of(at(server, port)));
        EXPECT_EQ(text_of(name_of(client.get()).with_port(0)), text_of(at(container, 0)));
        write_all(client.get(), "question", "the server");
        EXPECT_EQ(read_some(accepted.get()), "question");
        write_all(accepted.get(), "answer", "the client");
        EXPECT_EQ(read_some(client.get()), "answer");
        shutdown(accepted.get(), SHUT_WR);
        EXPECT_EQ(read_some(client.get()), "");
    }
}

TEST_F(SynGateWire, ConnectsToTheHostsAddressOnTheWire) {
    const Fd listener = world_->server(Place::host, SOCK_STREAM, at(host_address, port));
    const Fd client = world_->client(Place::container, SOCK_STREAM, at(host_address, port));
    const Fd accepted = accept_one(listener);
    write_all(client.get(), "x", "the server");
    EXPECT_EQ(read_some(accepted.get()), "x");
}

TEST_F(SynGateWire, AnswersAsTheDestinationDoes) {
    struct Case {
        const char* address;
        int error;
    };
    const Case cases[] = {{remote_address, ECONNREFUSED},  {remote_address6, ECONNREFUSED},
                          {missing_address, EHOSTUNREACH}, {"2001:db8::77", EHOSTUNREACH},
                          {unrouted_address, ENETUNREACH}, {"2001:db8:1::1", ENETUNREACH}};
    // The kernel looks for a missing neighbour for three seconds; three repetitions take seven.
    constexpr int repetitions = 3;
    std::vector<std::thread> threads;
    for (const Case& each : cases)
        for (const Place place : {Place::host, Place::container})
            threads.emplace_back([this, each, place] {
                EXPECT_EQ(connect_errno(*world_, place, at(each.address, port), repetitions),
                          each.error)
                    << each.address << " from " << (place == Place::host ? "host" : "container");
            });
    for (std::thread& thread : threads) thread.join();
    // What the host may not send itself is to the container what a router on the way prohibits;
    // by ICMP for IPv4 that is EHOSTUNREACH.
    EXPECT_EQ(connect_errno(*world_, Place::host, at(prohibited_address, port), 1), EACCES);
    EXPECT_EQ(connect_errno(*world_, Place::container, at(prohibited_address, port), 1),
              EHOSTUNREACH);
}

TEST_F(SynGateWire, LeavesTimeOutsTimeOuts) {
    EXPECT_EQ(connect_errno(*world_, Place::container, at(silent_address, port), 1), ETIMEDOUT);
}

TEST_F(SynGateWire, WaitsForSlowDestinations) {
    const Fd listener = world_->server(Place::remote, SOCK_STREAM, at("0.0.0.0", port));
    const Fd client = world_->socket_in(Place::container, AF_INET, SOCK_STREAM);
    std::thread connecting([&] {
        const Endpoint to = at(silent_address, port);
        EXPECT_EQ(connect(client.get(), to.get(), to.size()), 0) << std::strerror(errno);
    });
    // Not before the container has repeated its first segment.
    std::this_thread::sleep_for(std::chrono::milliseconds(1200));
    world_->wake_silent();
    const Fd accepted = accept_one(listener);
    connecting.join();
    write_all(accepted.get(), "at last", "the client");
    EXPECT_EQ(read_some(client.get()), "at last");
}

TEST_F(SynGateWire, KeepsTheHostsLoopbackClosed) {
    const Fd listener = world_->server(Place::host, SOCK_STREAM, at("127.0.0.1", port));
    EXPECT_EQ(connect_errno(*world_, Place::container, at(gateway_address, port), 1), ECONNREFUSED);
    EXPECT_EQ(connect_errno(*world_, Place::container, at("fd00::2", port), 1), ECONNREFUSED);
    World open({.host_loopback = true});
    const Fd other = open.server(Place::host, SOCK_STREAM, at("127.0.0.1", port));
    const Fd client = open.client(Place::container, SOCK_STREAM, at(gateway_address, port));
    EXPECT_TRUE(accept_one(other).valid());
}

TEST_F(SynGateWire, LeavesTheContainersOwnConnectionsAlone) {
    const Fd listener = world_->server(Place::container, SOCK_STREAM, at("0.0.0.0", port));
    for (const char* address : {"127.0.0.1", container_address}) {
        const Fd client = world_->client(Place::container, SOCK_STREAM, at(address, port));
        const Fd accepted = accept_one(listener);
        write_all(client.get(), address, "the server");
        EXPECT_EQ(read_some(accepted.get()), address);
    }
    // The gate's own listener is not to be had by its port.
    EXPECT_EQ(connect_errno(*world_, Place::container, at("127.0.0.1", gate_port), 1),
              ECONNREFUSED);
}

TEST_F(SynGateWire, HandsOnResets) {
    const Fd listener = world_->server(Place::remote, SOCK_STREAM, at(remote_address, port));
    const linger at_once{1, 0};
    Fd client = world_->client(Place::container, SOCK_STREAM, at(remote_address, port));
    Fd accepted = accept_one(listener);
    setsockopt(accepted.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    accepted.reset();
    char byte = 0;
    EXPECT_LT(recv(client.get(), &byte, 1, 0), 0);
    EXPECT_EQ(errno, ECONNRESET);
    client = world_->client(Place::container, SOCK_STREAM, at(remote_address, port));
    accepted = accept_one(listener);
    setsockopt(client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    client.reset();
    EXPECT_LT(recv(accepted.get(), &byte, 1, 0), 0);
    EXPECT_EQ(errno, ECONNRESET);
}

TEST_F(SynGateWire, MakesThousandsOfConnections) {
    const Fd listener = world_->server(Place::remote, SOCK_STREAM, at(remote_address, port));
    constexpr int count = 5000;
    constexpr int threads = 8;
    std::thread server([&] {
        for (int i = 0; i < count; ++i) {
            const Fd accepted = accept_one(listener);
            write_all(accepted.get(), read_some(accepted.get()), "the client");
        }
    });
    std::atomic<int> good = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < threads; ++i)
        clients.emplace_back([&, i] {
            for (int n = i; n < count; n += threads) {
                const Fd socket =
                    world_->client(Place::container, SOCK_STREAM, at(remote_address, port));
                const std::string text = std::to_string(n);
                write_all(socket.get(), text, "the server");
                if (read_some(socket.get()) == text) ++good;
            }
        });
    for (std::thread& client : clients) client.join();
    server.join();
    EXPECT_EQ(good, count);
}

}  // namespace
}  // namespace skiff::network
