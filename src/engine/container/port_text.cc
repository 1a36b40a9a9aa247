// SPDX-License-Identifier: Apache-2.0
#include "engine/container/port_text.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fmt/format.h>

#include "base/text.h"

namespace skiff::engine {
namespace {

bool is_digit(char c) {
    return c >= '0' && c <= '9';
}

std::string joined(const std::string& host, std::string_view port) {
    if (host.find(':') != std::string::npos) return fmt::format("[{}]:{}", host, port);
    return fmt::format("{}:{}", host, port);
}

/// Ports that follow each other, of one address and protocol.
struct Group {
    std::string host_ip;
    std::string protocol;
    unsigned first = 0;
    unsigned last = 0;
};

std::string text_of(const Group& group) {
    std::string ports = std::to_string(group.first);
    if (group.last != group.first) ports += fmt::format("-{}", group.last);
    const std::string outside = group.host_ip.empty() ? "" : joined(group.host_ip, ports) + "->";
    return fmt::format("{}{}/{}", outside, ports, group.protocol);
}

/// Published ports, and exposed ones that are not, without a host's address.
std::vector<PublishedPort> all_ports(std::span<const PublishedPort> published,
                                     std::span<const std::string> exposed) {
    std::vector<PublishedPort> ports(published.begin(), published.end());
    for (const std::string& key : exposed) {
        const PortKey port = parse_port_key(key);
        const bool is_published = std::ranges::any_of(published, [&](const PublishedPort& other) {
            return other.container_port == port.port && other.protocol == port.protocol;
        });
        if (!is_published) ports.push_back({"", 0, port.port, port.protocol});
    }
    std::ranges::sort(ports, [](const PublishedPort& a, const PublishedPort& b) {
        return std::tie(a.container_port, a.host_ip, a.host_port, a.protocol) <
               std::tie(b.container_port, b.host_ip, b.host_port, b.protocol);
    });
    return ports;
}

}  // namespace

std::string ports_column(std::span<const PublishedPort> published,
                         std::span<const std::string> exposed) {
    std::vector<std::string> texts;
    std::vector<std::string> mappings;
    std::vector<Group>
        groups;  // the open one of each address and protocol, in order of their first
    for (const PublishedPort& port : all_ports(published, exposed)) {
        if (!port.host_ip.empty() && port.host_port != port.container_port) {
            mappings.push_back(
                fmt::format("{}->{}/{}", address_text(port), port.container_port, port.protocol));
            continue;
        }
        const auto group = std::ranges::find_if(groups, [&](const Group& other) {
            return other.host_ip == port.host_ip && other.protocol == port.protocol;
        });
        if (group == groups.end()) {
            groups.push_back(
                {port.host_ip, port.protocol, port.container_port, port.container_port});
        } else if (port.container_port == group->last + 1) {
            group->last = port.container_port;
        } else {
            texts.push_back(text_of(*group));
            group->first = group->last = port.container_port;
        }
    }
    for (const Group& group : groups) texts.push_back(text_of(group));
    texts.insert(texts.end(), mappings.begin(), mappings.end());
    return join(texts, ", ");
}

std::string address_text(const PublishedPort& port) {
    return joined(port.host_ip, std::to_string(port.host_port));
}

bool natural_less(std::string_view a, std::string_view b) {
    while (!a.empty() && !b.empty()) {
        if (!is_digit(a.front()) || !is_digit(b.front())) {
            if (a.front() != b.front()) return a.front() < b.front();
            a.remove_prefix(1);
            b.remove_prefix(1);
            continue;
        }
        const auto take_number = [](std::string_view& text) {
            const auto end = std::ranges::find_if_not(text, is_digit) - text.begin();
            std::string_view number = text.substr(0, static_cast<std::size_t>(end));
            text.remove_prefix(number.size());
            number.remove_prefix(std::min(number.find_first_not_of('0'), number.size()));
            return number;
        };
        const std::string_view left = take_number(a);
        const std::string_view right = take_number(b);
        if (left.size() != right.size()) return left.size() < right.size();
        if (left != right) return left < right;
    }
    return a.size() < b.size();
}

}  // namespace skiff::engine
