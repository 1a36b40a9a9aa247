// SPDX-License-Identifier: Apache-2.0
#include "network/egress_filter.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fmt/format.h>
#include <netinet/ip_icmp.h>
#include <netinet/tcp.h>

#include "network/event_loop.h"
#include "network/syn_answer.h"

namespace skiff::network {
namespace {

std::string text_of(const Packet& packet) {
    in_addr last{};
    std::memcpy(&last, packet.destination.s6_addr + 12, sizeof last);
    const bool six = packet.family == AF_INET6;
    const std::string address = six ? to_text(packet.destination) : to_text(last);
    const bool has_ports = packet.transport == Transport::tcp || packet.transport == Transport::udp;
    if (!has_ports) return "icmp " + address;
    const char* const protocol = packet.transport == Transport::tcp ? "tcp" : "udp";
    if (packet.fragment) return fmt::format("{} {} in fragments", protocol, address);
    return six ? fmt::format("{} [{}]:{}", protocol, address, packet.destination_port)
               : fmt::format("{} {}:{}", protocol, address, packet.destination_port);
}

}  // namespace

EgressFilter::EgressFilter(const HelperConfig& config, Link& link,
                           std::function<bool(const std::string&)> write)
    : policy_(config.egress),
      log_(std::move(write)),
      link_(link),
      gateway_(mapped(config.gateway)),
      resolver_(mapped(config.resolver)),
      resolver6_(config.resolver6) {}

bool EgressFilter::may_leave(const Packet& packet) const {
    const in6_addr& to = packet.destination;
    const auto is = [&](const in6_addr& address) { return IN6_ARE_ADDR_EQUAL(&to, &address); };
    // The resolver asks us itself (`allows`); AddressCheck has left nothing but its port.
    if (is(resolver_) || is(resolver6_)) return true;
    std::optional<std::uint16_t> port;
    switch (packet.transport) {
        case Transport::tcp:
            // Whatever is no first segment belongs to a connection that was let through, or has
            // none and opens none.
            if (!packet.fragment && (packet.tcp_flags & TH_SYN) == 0) return true;
            port = packet.destination_port;
            break;
        case Transport::udp:
            port = packet.destination_port;
            break;
        case Transport::icmp:
            // Pings leave; of the rest nothing does, and an error must not be answered by another.
            // The gateway answers a ping itself.
            if (is(gateway_)) return true;
            if (!packet.fragment && (packet.segment.empty() || packet.segment[0] != ICMP_ECHO))
                return true;
            break;
        case Transport::icmp6:  // neighbours and the gateway: nothing of it leaves
        case Transport::other:  // carried by nobody
            return true;
    }
    // Put together only behind us, out of parts that may overlap: no port in it can be believed.
    if (packet.fragment) port.reset();
    return policy_.allows(to, packet.transport, port, EventLoop::Clock::now());
}

bool EgressFilter::take(const Packet& packet, Bytes frame) {
    if (may_leave(packet)) return false;
    log_.note(text_of(packet), EventLoop::Clock::now());
    const std::vector<std::uint8_t> answer = prohibited_answer(packet, frame);
    if (!answer.empty()) link_.send(answer);
    return true;
}

bool EgressFilter::allows(const DnsQuery& query) {
    if (policy_.allows_name(query.name)) return true;
    log_.note("name " + query.name, EventLoop::Clock::now());
    return false;
}

void EgressFilter::learn(const DnsQuery& query, Bytes reply) {
    policy_.grant(query.name, addresses_of(reply, query), EventLoop::Clock::now());
}

}  // namespace skiff::network
