// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstdlib>
#include <numeric>
#include <thread>

#include <poll.h>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/error.h"
#include "wire_world.h"

namespace skiff::network {
namespace {

constexpr std::uint16_t published = 8080;
constexpr std::uint16_t inside = 80;

struct Accepted {
    Fd socket;
    Endpoint peer;
};
Accepted accept_from(const Fd& listener) {
    Accepted result;
    socklen_t size = Endpoint::room_size;
    result.socket = Fd(accept4(listener.get(), result.peer.room(), &size, SOCK_CLOEXEC));
    if (!result.socket.valid()) throw SystemError(errno, "nobody came");
    return result;
}

std::string read_some(int fd) {
    std::array<char, 4096> buffer;
    const ssize_t n = recv(fd, buffer.data(), buffer.size(), 0);
    if (n < 0) throw SystemError(errno, "cannot read");
    return {buffer.data(), static_cast<std::size_t>(n)};
}

int read_errno(int fd) {
    char byte = 0;
    return recv(fd, &byte, 1, 0) < 0 ? errno : 0;
}

void reset(Fd& fd) {
    const linger at_once{1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    fd.reset();
}

class TcpPortsWire : public testing::Test {
  protected:
    void SetUp() override {
        if (!obstacle().empty()) GTEST_SKIP() << obstacle();
    }
};

TEST_F(TcpPortsWire, KeepsTheClientsAddressAndPort) {
    World world({});
    ASSERT_TRUE(world.paths().source4 && world.paths().source6);
    struct Case {
        const char* host;
        const char* server;
        const char* client;
    };
    for (const auto& [host, server, client] :
         {Case{host_address, container_address, remote_address},
          Case{host_address6, "fd00::100", remote_address6}}) {
        const Fd listener = world.server(Place::container, SOCK_STREAM, at(server, inside));
        world.publish(SOCK_STREAM, at(host, published), inside);
        const Fd socket = world.client(Place::remote, SOCK_STREAM, at(host, published));
        const Accepted accepted = accept_from(listener);
        EXPECT_EQ(text_of(accepted.peer), text_of(name_of(socket.get())));
        EXPECT_EQ(text_of(name_of(accepted.socket.get())), text_of(at(server, inside)));
        EXPECT_EQ(text_of(peer_of(socket.get())), text_of(at(host, published)));
        write_all(socket.get(), "question", "the server");
        EXPECT_EQ(read_some(accepted.socket.get()), "question");
        write_all(accepted.socket.get(), "answer", "the client");
        EXPECT_EQ(read_some(socket.get()), "answer");
        (void)client;
    }
}

TEST_F(TcpPortsWire, ShowsTheHostItselfAsTheGateway) {
    World world({});
    const Fd listener = world.server(Place::container, SOCK_STREAM, at("0.0.0.0", inside));
    world.publish(SOCK_STREAM, at("0.0.0.0", published), inside);
    const Fd socket = world.client(Place::host, SOCK_STREAM, at("127.0.0.1", published));
    const Accepted accepted = accept_from(listener);
    EXPECT_EQ(text_of(accepted.peer.with_port(0)), text_of(at(gateway_address, 0)));
    // By its address on the wire it is a client like any other.
    const Fd other = world.client(Place::host, SOCK_STREAM, at(host_address, published));
    EXPECT_EQ(text_of(accept_from(listener).peer), text_of(name_of(other.get())));
}

TEST_F(TcpPortsWire, GivesIpv6ClientsToAServerThatHasIpv4Only) {
    World world({});
    const Fd listener = world.server(Place::container, SOCK_STREAM, at("0.0.0.0", inside));
    world.publish(SOCK_STREAM, at("::", published), inside);
    const Fd socket = world.client(Place::host, SOCK_STREAM, at("::1", published));
    const Accepted accepted = accept_from(listener);
    EXPECT_EQ(text_of(accepted.peer.with_port(0)), text_of(at(gateway_address, 0)));
}

TEST_F(TcpPortsWire, RefusesWhereNobodyListens) {
    World world({});
    world.publish(SOCK_STREAM, at(host_address, published), inside);
    // The listener on the host takes everybody; the answer may be there before connect(2) returns.
    try {
        const Fd socket = world.client(Place::remote, SOCK_STREAM, at(host_address, published));
        EXPECT_EQ(read_errno(socket.get()), ECONNRESET);
    } catch (const SystemError& error) {
        EXPECT_EQ(error.errno_value(), ECONNRESET);
    }
}

TEST_F(TcpPortsWire, HandsOnTheEndOfEitherSidesData) {
    World world({});
    const Fd listener = world.server(Place::container, SOCK_STREAM, at("0.0.0.0", inside));
    world.publish(SOCK_STREAM, at(host_address, published), inside);
    const Fd socket = world.client(Place::remote, SOCK_STREAM, at(host_address, published));
    const Accepted accepted = accept_from(listener);
    write_all(socket.get(), "all", "the server");
    shutdown(socket.get(), SHUT_WR);
    EXPECT_EQ(read_some(accepted.socket.get()), "all");
    EXPECT_EQ(read_some(accepted.socket.get()), "");
    // The other half still works.
    write_all(accepted.socket.get(), "late answer", "the client");
    EXPECT_EQ(read_some(socket.get()), "late answer");
    shutdown(accepted.socket.get(), SHUT_WR);
    EXPECT_EQ(read_some(socket.get()), "");
}

TEST_F(TcpPortsWire, HandsOnAResetOfEitherSide) {
    World world({});
    const Fd listener = world.server(Place::container, SOCK_STREAM, at("0.0.0.0", inside));
    world.publish(SOCK_STREAM, at(host_address, published), inside);
    Fd socket = world.client(Place::remote, SOCK_STREAM, at(host_address, published));
    Accepted accepted = accept_from(listener);
    reset(socket);
    EXPECT_EQ(read_errno(accepted.socket.get()), ECONNRESET);
    socket = world.client(Place::remote, SOCK_STREAM, at(host_address, published));
    accepted = accept_from(listener);
    reset(accepted.socket);
    EXPECT_EQ(read_errno(socket.get()), ECONNRESET);
}

/// Bytes that tell at which offset they are.
void fill(std::vector<char>& block, std::size_t offset) {
    for (std::size_t i = 0; i < block.size(); i += sizeof offset) {
        const std::size_t word = (offset + i) * 0x9e3779b97f4a7c15U;
        std::memcpy(block.data() + i, &word, sizeof word);
    }
}

void send_pattern(int fd, std::size_t size) {
    std::vector<char> block(64 << 10);
    for (std::size_t sent = 0; sent < size; sent += block.size()) {
        fill(block, sent);
        write_all(fd, {block.data(), block.size()}, "the other side");
    }
    shutdown(fd, SHUT_WR);
}

/// The number of bytes that were as they should be.
std::size_t read_pattern(int fd) {
    std::vector<char> block(64 << 10);
    std::vector<char> wanted(block.size());
    for (std::size_t good = 0;; good += block.size()) {
        const std::size_t n = read_full(fd, block, "the other side");
        fill(wanted, good);
        if (!std::equal(block.begin(), block.begin() + static_cast<std::ptrdiff_t>(n),
                        wanted.begin()))
            return good;
        if (n < block.size()) return good + n;
    }
}

std::size_t transfer_size() {
    constexpr std::size_t long_run = 1 << 30;
    constexpr std::size_t short_run = 64 << 20;
    return std::getenv("SKIFF_LONG") != nullptr ? long_run : short_run;
}

TEST_F(TcpPortsWire, CarriesEveryByteBothWaysAtOnce) {
    World world({});
    const Fd listener = world.server(Place::container, SOCK_STREAM, at("0.0.0.0", inside));
    world.publish(SOCK_STREAM, at(host_address, published), inside);
    const Fd socket = world.client(Place::remote, SOCK_STREAM, at(host_address, published));
    const Accepted accepted = accept_from(listener);
    std::thread there([&] { send_pattern(socket.get(), transfer_size()); });
    std::thread back([&] { send_pattern(accepted.socket.get(), transfer_size()); });
    std::size_t at_client = 0;
    std::thread reader([&] { at_client = read_pattern(socket.get()); });
    EXPECT_EQ(read_pattern(accepted.socket.get()), transfer_size());
    there.join();
    back.join();
    reader.join();
    EXPECT_EQ(at_client, transfer_size());
}

/// With so few descriptors that most flows find no pipe, and bytes are copied.
TEST_F(TcpPortsWire, CarriesEveryByteWithoutPipes) {
    World world({.gate = false, .descriptors = 16});
    const Fd listener = world.server(Place::container, SOCK_STREAM, at("0.0.0.0", inside));
    world.publish(SOCK_STREAM, at(host_address, published), inside);
    std::vector<Fd> clients;
    std::vector<Accepted> servers;
    for (int i = 0; i < 6; ++i) {
        clients.push_back(world.client(Place::remote, SOCK_STREAM, at(host_address, published)));
        servers.push_back(accept_from(listener));
    }
    constexpr std::size_t size = 4 << 20;
    std::vector<std::thread> threads;
    for (const Fd& client : clients)
        threads.emplace_back([&client] { send_pattern(client.get(), size); });
    // The first ones are not read until the last ones are through: their pipes stay full.
    for (std::size_t i = servers.size(); i-- > 0;)
        EXPECT_EQ(read_pattern(servers[i].socket.get()), size) << i;
    for (std::thread& thread : threads) thread.join();
}

TEST_F(TcpPortsWire, WaitsWithWhatIsTooMany) {
    World world({.gate = false, .descriptors = 16});  // room for 6 flows
    const Fd listener = world.server(Place::container, SOCK_STREAM, at("0.0.0.0", inside));
    world.publish(SOCK_STREAM, at(host_address, published), inside);
    std::vector<Fd> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(world.client(Place::remote, SOCK_STREAM, at(host_address, published)));
        write_all(clients.back().get(), std::to_string(i), "the server");
    }
    for (int i = 0; i < 20; ++i) {
        const Accepted accepted = accept_from(listener);
        EXPECT_EQ(read_some(accepted.socket.get()), std::to_string(i));
        clients[static_cast<std::size_t>(i)].reset();
    }
}

TEST_F(TcpPortsWire, ServesTenThousandConnections) {
    World world({});
    const Fd listener = world.server(Place::container, SOCK_STREAM, at("0.0.0.0", inside));
    world.publish(SOCK_STREAM, at(host_address, published), inside);
    constexpr int count = 10000;
    constexpr int threads = 8;
    std::thread server([&] {
        for (int i = 0; i < count; ++i) {
            const Accepted accepted = accept_from(listener);
            write_all(accepted.socket.get(), read_some(accepted.socket.get()), "the client");
        }
    });
    std::atomic<int> good = 0;
    std::vector<std::thread> clients;
    for (int i = 0; i < threads; ++i)
        clients.emplace_back([&, i] {
            for (int n = i; n < count; n += threads) {
                const Fd socket =
                    world.client(Place::remote, SOCK_STREAM, at(host_address, published));
                const std::string text = std::to_string(n);
                write_all(socket.get(), text, "the server");
                if (read_some(socket.get()) == text) ++good;
            }
        });
    for (std::thread& client : clients) client.join();
    server.join();
    EXPECT_EQ(good, count);
    // Nothing is left of them.
    std::size_t flows = 1;
    for (int i = 0; i < 1000 && flows > 0; ++i)
        world.in_loop([&] { flows = world.flows().size(); });
    EXPECT_EQ(flows, 0U);
}

}  // namespace
}  // namespace skiff::network
