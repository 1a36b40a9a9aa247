// SPDX-License-Identifier: Apache-2.0
#include <array>

#include <gtest/gtest.h>
#include <sys/socket.h>

#include "base/error.h"
#include "wire_world.h"

namespace skiff::network {
namespace {

constexpr std::uint16_t published = 5353;
constexpr std::uint16_t inside = 53;

struct Datagram {
    std::string text;
    Endpoint from;
};
Datagram receive(const Fd& socket) {
    std::array<char, 65536> buffer;
    Datagram result;
    socklen_t size = Endpoint::room_size;
    const ssize_t n =
        recvfrom(socket.get(), buffer.data(), buffer.size(), 0, result.from.room(), &size);
    if (n < 0) throw SystemError(errno, "nothing came");
    result.text.assign(buffer.data(), static_cast<std::size_t>(n));
    return result;
}

void send_to(const Fd& socket, std::string_view text, const Endpoint& to) {
    if (sendto(socket.get(), text.data(), text.size(), 0, to.get(), to.size()) < 0)
        throw SystemError(errno, "cannot send");
}

class UdpPortsWire : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        if (!obstacle().empty()) GTEST_SKIP() << obstacle();
    }
};

TEST_F(UdpPortsWire, KeepsTheClientsAddressAndAnswersFromTheOneItWroteTo) {
    World world({.udp_ports = {inside}});
    struct Case {
        const char* host;
        const char* any;
    };
    for (const auto& [host, any] : {Case{host_address, "0.0.0.0"}, Case{host_address6, "::"}}) {
        const Fd server = world.server(Place::container, SOCK_DGRAM, at(any, inside));
        world.publish(SOCK_DGRAM, at(any, published), inside);
        const Fd client = world.client(Place::remote, SOCK_DGRAM, at(host, published));
        for (const char* question : {"first", "second", ""}) {
            send_to(client, question, at(host, published));
            const Datagram received = receive(server);
            EXPECT_EQ(received.text, question);
            EXPECT_EQ(text_of(received.from), text_of(name_of(client.get())));
            send_to(server, "answer", received.from);
            // A connected socket takes nothing from anybody else.
            EXPECT_EQ(receive(client).text, "answer");
        }
    }
}

TEST_F(UdpPortsWire, ServesManyClientsAtOnce) {
    World world({.udp_ports = {inside}});
    const Fd server = world.server(Place::container, SOCK_DGRAM, at("0.0.0.0", inside));
    world.publish(SOCK_DGRAM, at(host_address, published), inside);
    std::vector<Fd> clients;
    for (int i = 0; i < 200; ++i) {
        clients.push_back(world.client(Place::remote, SOCK_DGRAM, at(host_address, published)));
        send_to(clients.back(), std::to_string(i), at(host_address, published));
        const Datagram received = receive(server);
        send_to(server, received.text + "!", received.from);
    }
    for (int i = 0; i < 200; ++i)
        EXPECT_EQ(receive(clients[static_cast<std::size_t>(i)]).text, std::to_string(i) + "!");
}

TEST_F(UdpPortsWire, CarriesTheLargestDatagram) {
    World world({.udp_ports = {inside}});
    const Fd server = world.server(Place::container, SOCK_DGRAM, at("0.0.0.0", inside));
    world.publish(SOCK_DGRAM, at(host_address, published), inside);
    const Fd client = world.client(Place::remote, SOCK_DGRAM, at(host_address, published));
    const std::string large(65507, 'x');
    send_to(client, large, at(host_address, published));
    const Datagram received = receive(server);
    EXPECT_EQ(received.text, large);
    send_to(server, large, received.from);
    EXPECT_EQ(receive(client).text, large);
}

TEST_F(UdpPortsWire, ShowsTheHostItselfAsTheGateway) {
    World world({.udp_ports = {inside}});
    const Fd server = world.server(Place::container, SOCK_DGRAM, at("0.0.0.0", inside));
    world.publish(SOCK_DGRAM, at("0.0.0.0", published), inside);
    world.publish(SOCK_DGRAM, at("::", published), inside);
    const Fd client = world.client(Place::host, SOCK_DGRAM, at("127.0.0.1", published));
    send_to(client, "here", at("127.0.0.1", published));
    const Datagram received = receive(server);
    EXPECT_EQ(text_of(received.from.with_port(0)), text_of(at(gateway_address, 0)));
    send_to(server, "there", received.from);
    EXPECT_EQ(receive(client).text, "there");
    // By IPv6, to a server that has IPv4 only.
    const Fd other = world.client(Place::host, SOCK_DGRAM, at("::1", published));
    send_to(other, "six", at("::1", published));
    const Datagram by_four = receive(server);
    EXPECT_EQ(by_four.text, "six");
    send_to(server, "four", by_four.from);
    EXPECT_EQ(receive(other).text, "four");
}

TEST_F(UdpPortsWire, ForgetsWhoWasSilentForTheLongestTime) {
    World world({.gate = false, .udp_ports = {inside}, .descriptors = 16});  // 4 sessions
    const Fd server = world.server(Place::container, SOCK_DGRAM, at("0.0.0.0", inside));
    world.publish(SOCK_DGRAM, at(host_address, published), inside);
    for (int round = 0; round < 2; ++round)
        for (int i = 0; i < 20; ++i) {
            const Fd client = world.client(Place::remote, SOCK_DGRAM, at(host_address, published));
            send_to(client, "hello", at(host_address, published));
            const Datagram received = receive(server);
            send_to(server, "hello yourself", received.from);
            EXPECT_EQ(receive(client).text, "hello yourself");
        }
}

}  // namespace
}  // namespace skiff::network
