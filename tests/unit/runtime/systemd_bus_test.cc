// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/systemd_bus.h"

#include <bit>

#include <gtest/gtest.h>

#include "base/error.h"

namespace skiff::runtime {
namespace {

using namespace std::string_literals;

/// A message of the bus, made with our own writer.
std::string message(BusMessageType type, std::uint32_t reply_serial, const std::string& member,
                    const std::string& signature, const std::string& body) {
    BusWriter writer;
    writer.byte(std::endian::native == std::endian::little ? 'l' : 'B');
    writer.byte(static_cast<std::uint8_t>(type));
    writer.byte(1);
    writer.byte(1);
    writer.number(static_cast<std::uint32_t>(body.size()));
    writer.number(7);
    writer.array(8, [&] {
        if (reply_serial != 0) {
            writer.align(8);
            writer.byte(5);
            writer.signature("u");
            writer.number(reply_serial);
        }
        writer.align(8);
        writer.byte(3);
        writer.signature("s");
        writer.text(member);
        writer.align(8);
        writer.byte(8);
        writer.signature("g");
        writer.signature(signature);
    });
    writer.align(8);
    return writer.bytes() + body;
}

TEST(SystemdBus, WritesACallFieldByFieldAsSpecified) {
    if (std::endian::native != std::endian::little)
        GTEST_SKIP() << "written down for little endian";
    const std::string expected =
        "l\x01\x00\x01\x00\x00\x00\x00\x01\x00\x00\x00\x6e\x00\x00\x00"
        "\x01\x01o\x00\x15\x00\x00\x00/org/freedesktop/DBus\x00\x00\x00"
        "\x06\x01s\x00\x14\x00\x00\x00org.freedesktop.DBus\x00\x00\x00\x00"
        "\x02\x01s\x00\x14\x00\x00\x00org.freedesktop.DBus\x00\x00\x00\x00"
        "\x03\x01s\x00\x05\x00\x00\x00Hello\x00\x00\x00"s;
    EXPECT_EQ(encode({1, "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus",
                      "Hello", "", ""}),
              expected);
}

TEST(SystemdBus, TakesMessagesInOrderAndWaitsForTheRest) {
    BusWriter body;
    body.number(42);
    body.text("/org/job/42");
    body.text("skiff-1.scope");
    body.text("done");
    const std::string first =
        message(BusMessageType::signal, 0, "JobRemoved", "uoss", body.bytes());
    const std::string second = message(BusMessageType::reply, 3, "", "", "");
    std::string received;
    for (const char byte : first) {
        EXPECT_FALSE(take_bus_message(received)) << received.size();
        received += byte;
    }
    received += second;
    auto taken = take_bus_message(received);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->type, BusMessageType::signal);
    EXPECT_EQ(taken->member, "JobRemoved");
    EXPECT_EQ(leading_values(*taken),
              (std::vector<std::string>{"42", "/org/job/42", "skiff-1.scope", "done"}));
    taken = take_bus_message(received);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->type, BusMessageType::reply);
    EXPECT_EQ(taken->reply_serial, 3U);
    EXPECT_TRUE(received.empty());
}

TEST(SystemdBus, RefusesWhatIsNoMessage) {
    std::string text = "HTTP/1.1 400 Bad Request\r\n\r\n";
    EXPECT_THROW(take_bus_message(text), Error);
    std::string huge = message(BusMessageType::signal, 0, "X", "s", "");
    huge.replace(4, 4, "\xff\xff\xff\x7f");
    EXPECT_THROW(take_bus_message(huge), Error);
    std::string cut = message(BusMessageType::signal, 0, "X", "s", "");
    cut[20] = '\x7f';  // the length of a field's text
    EXPECT_THROW(take_bus_message(cut), Error);
}

TEST(SystemdBus, RefusesABodyThatIsShorterThanItsSignature) {
    BusWriter body;
    body.number(1000);
    BusMessage message;
    message.signature = "s";
    message.body = body.bytes();
    EXPECT_THROW(leading_values(message), Error);
    message.signature = "a{sv}";
    EXPECT_TRUE(leading_values(message).empty());
}

TEST(SystemdBus, GreetsWithTheUserIdInHexadecimal) {
    EXPECT_EQ(bus_greeting(1000), "\0AUTH EXTERNAL 31303030\r\nBEGIN\r\n"s);
}

TEST(SystemdBus, FindsSocketsInAddresses) {
    EXPECT_EQ(bus_socket_paths("unix:path=/run/user/1000/bus,guid=12;unix:abstract=/tmp/x%2cy"),
              (std::vector<std::string>{"/run/user/1000/bus", "\0/tmp/x,y"s}));
    EXPECT_TRUE(bus_socket_paths("tcp:host=localhost,port=1;autolaunch:").empty());
    EXPECT_TRUE(bus_socket_paths("").empty());
    EXPECT_EQ(bus_socket_paths("unix:path=/a%2"), (std::vector<std::string>{"/a%2"}));
}

}  // namespace
}  // namespace skiff::runtime
