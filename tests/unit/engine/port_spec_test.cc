// SPDX-License-Identifier: Apache-2.0
#include "engine/container/port_spec.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/container/port_text.h"

namespace skiff::engine {
namespace {

std::string refusal(std::string_view text) {
    try {
        parse_publish(text);
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

std::string expose_refusal(std::string_view text) {
    try {
        parse_expose(text);
    } catch (const Error& error) {
        return error.message();
    }
    return "";
}

using Ports = std::vector<PortRequest>;

TEST(PortSpec, KnowsEveryShortForm) {
    EXPECT_EQ(parse_publish("80"), (Ports{{"", "", 80, "tcp", -1}}));
    EXPECT_EQ(parse_publish("80/UDP"), (Ports{{"", "", 80, "udp", -1}}));
    EXPECT_EQ(parse_publish("80/"), (Ports{{"", "", 80, "tcp", -1}}));
    EXPECT_EQ(parse_publish("8080:80"), (Ports{{"", "8080", 80, "tcp", -1}}));
    EXPECT_EQ(parse_publish("127.0.0.1:8080:80"), (Ports{{"127.0.0.1", "8080", 80, "tcp", -1}}));
    EXPECT_EQ(parse_publish("127.0.0.1::80/udp"), (Ports{{"127.0.0.1", "", 80, "udp", -1}}));
    EXPECT_EQ(parse_publish("[::1]:8080:80"), (Ports{{"::1", "8080", 80, "tcp", -1}}));
    EXPECT_EQ(parse_publish("::1:8080:80"), (Ports{{"::1", "8080", 80, "tcp", -1}}));
    EXPECT_EQ(parse_publish(":80"), (Ports{{"", "", 80, "tcp", -1}}));
}

TEST(PortSpec, PairsRangesOfOneLength) {
    EXPECT_EQ(parse_publish("8000-8001:80-81/udp"),
              (Ports{{"", "8000", 80, "udp", -1}, {"", "8001", 81, "udp", -1}}));
    EXPECT_EQ(parse_publish("80-81"), (Ports{{"", "", 80, "tcp", -1}, {"", "", 81, "tcp", -1}}));
}

TEST(PortSpec, TakesTheFirstFreeOfAHostRange) {
    const Ports ports = parse_publish("8000-8010:80");
    EXPECT_EQ(ports, (Ports{{"", "8000-8010", 80, "tcp", -1}}));
    EXPECT_EQ(host_port_range(ports[0]).first, 8000);
    EXPECT_EQ(host_port_range(ports[0]).last, 8010);
}

TEST(PortSpec, KnowsTheLongForm) {
    EXPECT_EQ(parse_publish("published=8080,target=80"), (Ports{{"", "8080", 80, "tcp", -1}}));
    EXPECT_EQ(parse_publish("target=53,protocol=udp"), (Ports{{"", "", 53, "udp", -1}}));
    EXPECT_EQ(refusal("target=80,published"),
              "invalid publish opts format (should be name=value but got 'published')");
}

TEST(PortSpec, TakesInheritedListeners) {
    EXPECT_EQ(parse_publish("fd:3:80"), (Ports{{"", "", 80, "tcp", 3}}));
    EXPECT_EQ(parse_publish("fd:4:53/udp"), (Ports{{"", "", 53, "udp", 4}}));
    EXPECT_EQ(refusal("fd:2:80"),
              "invalid -p fd:2:80: the form is fd:NUMBER:PORT with a number from 3 on");
    EXPECT_EQ(refusal("fd:3:80-81"), "invalid containerPort: 80-81");
}

TEST(PortSpec, RefusesAsDockerDoes) {
    EXPECT_EQ(refusal("70000:80"), "invalid hostPort: 70000");
    EXPECT_EQ(refusal("8080:70000"), "invalid containerPort: 70000");
    EXPECT_EQ(refusal("8080:abc"), "invalid containerPort: abc");
    EXPECT_EQ(refusal("8080:0"), "invalid containerPort: 0");
    EXPECT_EQ(refusal("8010-8000:80"), "invalid hostPort: 8010-8000");
    EXPECT_EQ(refusal("8080:"), "no port specified: 8080:<empty>");
    EXPECT_EQ(refusal("8080:/udp"), "no port specified: 8080:/udp<empty>");
    EXPECT_EQ(refusal("8080:80/icmp"), "invalid proto: icmp");
    EXPECT_EQ(refusal("localhost:8080:80"), "invalid IP address: localhost");
    EXPECT_EQ(refusal("[::1:8080:80"),
              "invalid IP address [::1: address [::1:: missing ']' in address");
    EXPECT_EQ(refusal("8000-8002:80-81"),
              "invalid ranges specified for container and host Ports: 80-81 and 8000-8002");
}

TEST(PortSpec, RefusesSctpByName) {
    EXPECT_EQ(refusal("80/sctp"),
              "-p 80/sctp: SCTP ports cannot be published by skiff (tcp and udp can)");
    EXPECT_EQ(parse_expose("80/sctp"), std::vector<std::string>{"80/sctp"});
}

TEST(PortSpec, ExposesRanges) {
    EXPECT_EQ(parse_expose("80"), std::vector<std::string>{"80/tcp"});
    EXPECT_EQ(parse_expose("8000-8001/udp"), (std::vector<std::string>{"8000/udp", "8001/udp"}));
    EXPECT_EQ(expose_refusal("80:80"), "invalid port format for --expose: 80:80");
    EXPECT_EQ(expose_refusal("x"),
              "invalid range format for --expose: x, error: strconv.ParseUint: parsing \"x\": "
              "invalid syntax");
    EXPECT_EQ(expose_refusal("70000"),
              "invalid range format for --expose: 70000, error: strconv.ParseUint: parsing "
              "\"70000\": value out of range");
    EXPECT_EQ(expose_refusal("81-80"),
              "invalid range format for --expose: 81-80, error: invalid range specified for port: "
              "81-80");
    EXPECT_EQ(expose_refusal("80/x"), "invalid proto: x");
}

TEST(PortText, ShowsPortsAsDockerDoes) {
    using Published = std::vector<PublishedPort>;
    EXPECT_EQ(ports_column(Published{{"0.0.0.0", 32768, 9999, "tcp"},
                                     {"::", 32768, 9999, "tcp"},
                                     {"127.0.0.1", 18080, 80, "tcp"}},
                           std::vector<std::string>{"80/tcp", "9999/tcp"}),
              "127.0.0.1:18080->80/tcp, 0.0.0.0:32768->9999/tcp, [::]:32768->9999/tcp");
    EXPECT_EQ(ports_column({}, std::vector<std::string>{"443/tcp", "80/tcp", "81/tcp", "80/udp"}),
              "80-81/tcp, 443/tcp, 80/udp");
    EXPECT_EQ(ports_column(Published{{"0.0.0.0", 80, 80, "tcp"},
                                     {"0.0.0.0", 81, 81, "tcp"},
                                     {"::", 80, 80, "tcp"},
                                     {"::", 81, 81, "tcp"}},
                           std::vector<std::string>{"80/tcp", "81/tcp", "90/tcp"}),
              "0.0.0.0:80-81->80-81/tcp, [::]:80-81->80-81/tcp, 90/tcp");
    EXPECT_EQ(ports_column({}, {}), "");
}

TEST(PortText, ComparesNumbersAsNumbers) {
    EXPECT_TRUE(natural_less("80/tcp -> 0.0.0.0:1", "443/tcp -> 0.0.0.0:1"));
    EXPECT_TRUE(natural_less("80/tcp -> 0.0.0.0:9", "80/tcp -> 0.0.0.0:10"));
    EXPECT_FALSE(natural_less("80", "80"));
    EXPECT_TRUE(natural_less("80", "80/tcp"));
}

}  // namespace
}  // namespace skiff::engine
