// SPDX-License-Identifier: Apache-2.0
#include "engine/container/port_spec.h"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>

#include "base/error.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr int first_inherited = 3;  // sd_listen_fds(3)

std::uint16_t parse_port(std::string_view text) {
    // As Go's strconv.ParseUint for 16 bits: digits only.
    if (const auto port = parse_number<std::uint16_t>(text)) return *port;
    const bool digits =
        !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
    throw Error(ErrorKind::invalid, "strconv.ParseUint: parsing {}: {}", quoted(text),
                digits ? "value out of range" : "invalid syntax");
}

struct ProtocolAndPort {
    std::string protocol;
    std::string_view port;
};
ProtocolAndPort split_protocol(std::string_view text) {
    const Cut parts = cut(text, '/');
    if (parts.before.empty()) return {};
    return {parts.after.empty() ? "tcp" : to_lower(parts.after), parts.before};
}

void check_protocol(std::string_view protocol) {
    if (protocol != "tcp" && protocol != "udp" && protocol != "sctp")
        throw Error(ErrorKind::usage, "invalid proto: {}", protocol);
}

struct SpecParts {
    std::string host_ip;
    std::string_view host_port;
    std::string_view container_port;
};
SpecParts split_spec(std::string_view text) {
    const std::size_t last = text.rfind(':');
    if (last == std::string_view::npos) return {"", "", text};
    const std::string_view front = text.substr(0, last);
    const std::size_t before = front.rfind(':');
    if (before == std::string_view::npos) return {"", front, text.substr(last + 1)};
    return {std::string(front.substr(0, before)), front.substr(before + 1), text.substr(last + 1)};
}

bool is_address(const std::string& text) {
    in6_addr address{};
    return inet_pton(AF_INET, text.c_str(), &address) == 1 ||
           inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

std::string checked_address(const std::string& text) {
    std::string address = text;
    if (address.starts_with('[')) {
        const std::size_t end = address.find(']');
        if (end != address.size() - 1)
            throw Error(
                ErrorKind::usage, "invalid IP address {0}: address {0}:: {1}", text,
                end == std::string::npos ? "missing ']' in address" : "missing port in address");
        address = address.substr(1, end - 1);
    }
    if (!address.empty() && !is_address(address))
        throw Error(ErrorKind::usage, "invalid IP address: {}", address);
    return address;
}

PortRange range_or(std::string_view text, const char* what) {
    try {
        return parse_port_range(text);
    } catch (const Error&) {
        throw Error(ErrorKind::usage, "invalid {}: {}", what, text);
    }
}

std::vector<PortRequest> parse_inherited(std::string_view text) {
    const Cut parts = cut(text, ':');
    const auto number = parse_number<int>(parts.before);
    if (!number || *number < first_inherited || !parts.found)
        throw Error(ErrorKind::usage,
                    "invalid -p fd:{}: the form is fd:NUMBER:PORT with a number from {} on", text,
                    first_inherited);
    const ProtocolAndPort inside = split_protocol(parts.after);
    check_protocol(inside.protocol);
    const PortRange port = range_or(inside.port, "containerPort");
    if (port.first != port.last || port.first == 0)
        throw Error(ErrorKind::usage, "invalid containerPort: {}", inside.port);
    PortRequest request;
    request.container_port = port.first;
    request.protocol = inside.protocol;
    request.inherited = *number;
    return {request};
}

/// "target=80,published=8080" in the short form.
std::string short_form(std::string_view text) {
    std::string target;
    std::string published;
    std::string protocol = "tcp";
    for (const std::string_view field : split(text, ',')) {
        const Cut parts = cut(field, '=');
        if (!parts.found || parts.before.empty())
            throw Error(ErrorKind::usage,
                        "invalid publish opts format (should be name=value but got '{}')", field);
        if (parts.before == "target") target = parts.after;
        if (parts.before == "published") published = parts.after;
        if (parts.before == "protocol") protocol = parts.after;
    }
    return fmt::format("{}:{}/{}", published, target, protocol);
}

std::string host_port_text(const SpecParts& parts, PortRange host, unsigned index, bool one) {
    if (parts.host_port.empty()) return "";
    std::string text = std::to_string(host.first + index);
    if (one && host.first != host.last) text += fmt::format("-{}", host.last);
    return text;
}

}  // namespace

PortRange parse_port_range(std::string_view text) {
    if (text.empty())
        throw Error(ErrorKind::invalid, std::string("empty string specified for ports"));
    const Cut parts = cut(text, '-');
    const std::uint16_t first = parse_port(parts.before);
    if (!parts.found) return {first, first};
    const std::uint16_t last = parse_port(parts.after);
    if (last < first) throw Error(ErrorKind::invalid, "invalid range specified for port: {}", text);
    return {first, last};
}

PortRange host_port_range(const PortRequest& port) {
    return port.host_port.empty() ? PortRange{} : parse_port_range(port.host_port);
}

std::vector<PortRequest> parse_publish(std::string_view text) {
    if (text.find('=') != std::string_view::npos) return parse_publish(short_form(text));
    if (text.starts_with("fd:")) return parse_inherited(text.substr(3));
    const SpecParts parts = split_spec(text);
    const ProtocolAndPort inside = split_protocol(parts.container_port);
    if (inside.port.empty()) throw Error(ErrorKind::usage, "no port specified: {}<empty>", text);
    check_protocol(inside.protocol);
    const std::string host_ip = checked_address(parts.host_ip);
    const PortRange container = range_or(inside.port, "containerPort");
    if (container.first == 0)
        throw Error(ErrorKind::usage, "invalid containerPort: {}", inside.port);
    const PortRange host =
        parts.host_port.empty() ? PortRange{} : range_or(parts.host_port, "hostPort");
    const unsigned count = container.last - container.first + 1U;
    if (!parts.host_port.empty() && host.last - host.first + 1U != count && count != 1)
        throw Error(ErrorKind::usage,
                    "invalid ranges specified for container and host Ports: {} and {}", inside.port,
                    parts.host_port);
    if (inside.protocol == "sctp")
        throw Error(ErrorKind::unsupported,
                    "-p {}: SCTP ports cannot be published by skiff (tcp and udp can)", text);
    std::vector<PortRequest> ports;
    for (unsigned i = 0; i < count; ++i)
        ports.push_back({host_ip, host_port_text(parts, host, i, count == 1),
                         static_cast<std::uint16_t>(container.first + i), inside.protocol, -1});
    return ports;
}

std::vector<std::string> parse_expose(std::string_view text) {
    if (text.find(':') != std::string_view::npos)
        throw Error(ErrorKind::usage, "invalid port format for --expose: {}", text);
    const ProtocolAndPort port = split_protocol(text);
    PortRange range;
    try {
        range = parse_port_range(port.port);
    } catch (const Error& error) {
        throw Error(ErrorKind::usage, "invalid range format for --expose: {}, error: {}", text,
                    error.message());
    }
    check_protocol(port.protocol);
    std::vector<std::string> keys;
    for (unsigned number = range.first; number <= range.last; ++number)
        keys.push_back(port_key(static_cast<std::uint16_t>(number), port.protocol));
    return keys;
}

std::string port_key(std::uint16_t port, std::string_view protocol) {
    return fmt::format("{}/{}", port, protocol);
}

PortKey parse_port_key(std::string_view text) {
    const Cut parts = cut(text, '/');
    return {parse_number<std::uint16_t>(parts.before).value_or(0),
            parts.found ? std::string(parts.after) : "tcp"};
}

}  // namespace skiff::engine
