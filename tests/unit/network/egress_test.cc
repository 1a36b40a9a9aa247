// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include <fcntl.h>

#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include "base/error.h"
#include "network/egress_filter.h"
#include "network/egress_rules.h"
#include "network/refusal_log.h"
#include "network_frames.h"

namespace skiff::network {
namespace {

using namespace std::chrono_literals;
using Time = EgressPolicy::Time;

in6_addr address(const char* text) {
    in_addr four{};
    in6_addr six{};
    if (inet_pton(AF_INET, text, &four) == 1) return mapped(four);
    inet_pton(AF_INET6, text, &six);
    return six;
}

EgressPolicy policy(const std::vector<std::string>& rules) {
    return EgressPolicy(rules);
}
bool opens(const EgressPolicy& rules, const char* to, std::uint16_t port = 443,
           Transport transport = Transport::tcp, Time now = Time()) {
    return rules.allows(address(to), transport, port, now);
}
bool opens(const char* rule, const char* to, std::uint16_t port = 443,
           Transport transport = Transport::tcp) {
    return opens(policy({rule}), to, port, transport);
}

TEST(EgressRules, SayWhatIsWrongWithThem) {
    for (const char* text : {"",          ":",    ":80",         "a b",        "a..b",
                             "a.*",       "*a.b", "10.0.0.0/33", "10.0.0.1/8", "10.0.0",
                             "1.2.3.4.5", "a:0",  "a:65536",     "a:80-79",    "a:80/icmp",
                             "a:80/",     "[::1", "[::1]80",     "[::1]:",     "2001:db8::/129",
                             "a/24",      "*.",   "a:80:90"})
        EXPECT_THROW(parse_egress_rule(text), Error) << text;
    EXPECT_THROW(parse_egress_rule(std::string(64, 'a') + ".test"), Error);
}

TEST(EgressRules, NetworksAndPorts) {
    EXPECT_TRUE(opens("93.184.216.34", "93.184.216.34"));
    EXPECT_FALSE(opens("93.184.216.34", "93.184.216.35"));
    EXPECT_TRUE(opens("93.184.216.0/24", "93.184.216.35"));
    EXPECT_TRUE(opens("93.184.216.34:443", "93.184.216.34"));
    EXPECT_FALSE(opens("93.184.216.34:80", "93.184.216.34"));
    EXPECT_TRUE(opens("93.184.216.34:400-500", "93.184.216.34"));
    EXPECT_TRUE(opens("93.184.216.34:443/tcp", "93.184.216.34"));
    EXPECT_FALSE(opens("93.184.216.34:443/udp", "93.184.216.34"));
    EXPECT_TRUE(opens("93.184.216.34:443/udp", "93.184.216.34", 443, Transport::udp));
    EXPECT_TRUE(opens("2606:2800::/32", "2606:2800::1"));
    EXPECT_TRUE(opens("[2606:2800::/32]:443", "2606:2800::1"));
    EXPECT_FALSE(opens("[2606:2800::/32]:443", "2606:2800::1", 80));
    EXPECT_FALSE(opens("::/0", "93.184.216.34"));
    EXPECT_FALSE(opens("0.0.0.0/0", "2606:2800::1"));
    EXPECT_FALSE(opens("none", "93.184.216.34"));
}

TEST(EgressRules, WithoutAPortOnlyRulesForAllPortsCount) {
    EXPECT_TRUE(policy({"93.184.216.34"})
                    .allows(address("93.184.216.34"), Transport::icmp, std::nullopt, Time()));
    EXPECT_FALSE(policy({"93.184.216.34:1-65535"})
                     .allows(address("93.184.216.34"), Transport::icmp, std::nullopt, Time()));
}

TEST(EgressRules, OnlyARuleWithinAPrivateRangeOpensIt) {
    for (const char* to : {"10.1.2.3", "172.31.0.1", "192.168.0.1", "100.64.0.1", "169.254.1.1",
                           "127.0.0.1", "224.0.0.1", "255.255.255.255"}) {
        EXPECT_FALSE(opens("*", to)) << to;
        EXPECT_FALSE(opens("0.0.0.0/0", to)) << to;
        EXPECT_TRUE(opens(to, to)) << to;
    }
    EXPECT_FALSE(opens("192.0.0.0/8", "192.168.0.1"));
    EXPECT_TRUE(opens("192.168.0.0/16", "192.168.0.1"));
    EXPECT_TRUE(opens("10.1.0.0/16", "10.1.2.3"));
    for (const char* to : {"::1", "fd00::1", "fe80::1", "64:ff9b::a00:1", "2002:a00:1::1"}) {
        EXPECT_FALSE(opens("*", to)) << to;
        EXPECT_FALSE(opens("::/0", to)) << to;
    }
    EXPECT_TRUE(opens("fd00::/8", "fd00::1"));
}

TEST(EgressRules, MetadataServicesAreNamedAlone) {
    EXPECT_FALSE(opens("169.254.0.0/16", "169.254.169.254"));
    EXPECT_TRUE(opens("169.254.0.0/16", "169.254.169.253"));
    EXPECT_TRUE(opens("169.254.169.254", "169.254.169.254"));
    EXPECT_FALSE(opens("fc00::/7", "fd00:ec2::254"));
    EXPECT_TRUE(opens("[fd00:ec2::254]:80", "fd00:ec2::254", 80));
    EXPECT_FALSE(opens("*", "168.63.129.16"));
}

TEST(EgressRules, Names) {
    const EgressPolicy rules = policy({"Example.org.", "*.example.net"});
    EXPECT_TRUE(rules.allows_name("example.org"));
    EXPECT_FALSE(rules.allows_name("www.example.org"));
    EXPECT_TRUE(rules.allows_name("a.b.example.net"));
    EXPECT_FALSE(rules.allows_name("example.net"));
    EXPECT_FALSE(rules.allows_name("badexample.net"));
    EXPECT_FALSE(rules.allows_name(""));
    EXPECT_FALSE(policy({"93.184.216.34"}).allows_name("example.org"));
    EXPECT_TRUE(policy({"*"}).allows_name("example.org"));
}

TEST(EgressRules, AnAnswerOpensForItsTimeAndItsRulesPorts) {
    EgressPolicy rules = policy({"example.org:443", "other.org:80"});
    const std::vector<DnsAddress> answer{{address("93.184.216.34"), 300}};
    EXPECT_FALSE(opens(rules, "93.184.216.34"));
    rules.grant("example.org", answer, Time());
    EXPECT_TRUE(opens(rules, "93.184.216.34"));
    EXPECT_FALSE(opens(rules, "93.184.216.34", 80));
    EXPECT_TRUE(opens(rules, "93.184.216.34", 443, Transport::tcp, Time(299s)));
    EXPECT_FALSE(opens(rules, "93.184.216.34", 443, Transport::tcp, Time(301s)));
    // A later, shorter answer closes nothing early; a name that is in no rule opens nothing.
    rules.grant("example.org", std::vector<DnsAddress>{{address("93.184.216.34"), 0}}, Time(100s));
    EXPECT_TRUE(opens(rules, "93.184.216.34", 443, Transport::tcp, Time(299s)));
    rules.grant("third.org", std::vector<DnsAddress>{{address("93.184.216.35"), 300}}, Time());
    EXPECT_FALSE(opens(rules, "93.184.216.35"));
}

TEST(EgressRules, NoAnswerOpensAPrivateAddress) {
    EgressPolicy rules = policy({"example.org"});
    rules.grant("example.org",
                std::vector<DnsAddress>{{address("10.0.0.1"), 300},
                                        {address("169.254.169.254"), 300},
                                        {address("::ffff:192.168.0.1"), 300},
                                        {address("fd00::1"), 300}},
                Time());
    EXPECT_EQ(rules.grants(), 0U);
}

TEST(EgressRules, GrantsAreBounded) {
    EgressPolicy rules = policy({"example.org"});
    for (std::uint32_t i = 0; i < EgressPolicy::most_grants + 100; ++i)
        rules.grant("example.org", std::vector<DnsAddress>{{mapped({htonl(0x08000000U + i)}), 300}},
                    Time());
    EXPECT_EQ(rules.grants(), EgressPolicy::most_grants);
}

TEST(RefusalLog, TellsEachThingOnceAMinuteAndHowManyItLeftOut) {
    std::vector<std::string> lines;
    RefusalLog log([&](const std::string& line) {
        lines.push_back(line);
        return true;
    });
    log.note("a", Time(1s));
    log.note("a", Time(2s));
    log.note("b", Time(3s));
    log.note("a", Time(62s));
    EXPECT_EQ(lines, (std::vector<std::string>{"a", "b (1 more were not listed)", "a"}));
}

TEST(RefusalLog, IsBounded) {
    std::size_t lines = 0;
    RefusalLog log([&](const std::string&) {
        ++lines;
        return true;
    });
    for (int i = 0; i < 100000; ++i) log.note(std::to_string(i), Time(1s));
    EXPECT_EQ(lines, RefusalLog::burst);
    log.note("later", Time(1s + RefusalLog::line_interval));
    EXPECT_EQ(lines, RefusalLog::burst + 1);
}

/// The filter on a link that goes nowhere.
class EgressFilterTest : public testing::Test {
  protected:
    explicit EgressFilterTest(std::vector<std::string> rules = {"93.184.216.34:443"}) {
        HelperConfig config = make_config(default_cidr);
        config.egress = std::move(rules);
        filter_.emplace(config, link_, [this](const std::string& line) {
            lines_.push_back(line);
            return true;
        });
    }
    bool refuses(const Frame& frame) {
        const auto packet = parse_packet(frame);
        EXPECT_TRUE(packet);
        return filter_->take(*packet, frame);
    }
    std::vector<std::string> lines_;
    Link link_{open_file("/dev/null", O_WRONLY)};
    std::optional<EgressFilter> filter_;
};

TEST_F(EgressFilterTest, SeesConnectionsDatagramsAndPings) {
    const char* const own = "10.0.2.100";
    EXPECT_FALSE(refuses(tcp_frame(own, "93.184.216.34", 1, 443, TH_SYN)));
    EXPECT_TRUE(refuses(tcp_frame(own, "93.184.216.34", 1, 80, TH_SYN)));
    EXPECT_TRUE(refuses(tcp_frame(own, "93.184.216.34", 1, 80, TH_SYN | TH_FIN)));
    EXPECT_FALSE(refuses(tcp_frame(own, "93.184.216.34", 1, 80, TH_ACK)));
    EXPECT_TRUE(refuses(udp_frame(own, "93.184.216.35", 1, 443, "")));
    EXPECT_FALSE(refuses(udp_frame(own, "10.0.2.3", 1, 53, "")));
    EXPECT_TRUE(refuses(ipv4_frame(own, "93.184.216.34", IPPROTO_ICMP, {8, 0, 0, 0, 0, 0, 0, 0})));
    EXPECT_FALSE(refuses(ipv4_frame(own, "93.184.216.35", IPPROTO_ICMP, {3, 3, 0, 0, 0, 0, 0, 0})));
    EXPECT_FALSE(refuses(ipv4_frame(own, "10.0.2.2", IPPROTO_ICMP, {8, 0, 0, 0, 0, 0, 0, 0})));
    EXPECT_TRUE(refuses(udp6_frame("fd00::100", "2606:2800::1", 1, 53, "")));
    EXPECT_EQ(lines_.front(), "tcp 93.184.216.34:80");
    EXPECT_TRUE(std::ranges::any_of(
        lines_, [](const std::string& line) { return line.starts_with("udp [2606:2800::1]:53"); }));
}

TEST_F(EgressFilterTest, AFragmentsPortIsNotBelieved) {
    Frame frame = udp_frame("10.0.2.100", "93.184.216.34", 1, 443, "text");
    frame[ethernet_header + 6] = 0x20;  // more fragments
    EXPECT_TRUE(refuses(frame));
    frame[ethernet_header + 6] = 0;
    frame[ethernet_header + 7] = 1;  // the second one
    EXPECT_TRUE(refuses(frame));
}

}  // namespace
}  // namespace skiff::network
