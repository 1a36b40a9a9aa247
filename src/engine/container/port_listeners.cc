// SPDX-License-Identifier: Apache-2.0
#include "engine/container/port_listeners.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/container/port_text.h"

namespace skiff::engine {
namespace {

constexpr int backlog = 4096;  // the kernel takes at most net.core.somaxconn
constexpr int free_port_attempts = 32;

union Address {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6{};
};

/// An address as Docker's texts have it in "listen tcp4 …".
bool is_ipv6(const std::string& address) {
    return address.find(':') != std::string::npos;
}

Address address_of(const PublishedPort& port, socklen_t& size) {
    Address address;
    if (is_ipv6(port.host_ip)) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = htons(port.host_port);
        inet_pton(AF_INET6, port.host_ip.c_str(), &address.v6.sin6_addr);
        size = sizeof address.v6;
    } else {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = htons(port.host_port);
        inet_pton(AF_INET, port.host_ip.c_str(), &address.v4.sin_addr);
        size = sizeof address.v4;
    }
    return address;
}

Address name_of(int socket) {
    Address address;
    socklen_t size = sizeof address;
    if (getsockname(socket, &address.any, &size) < 0)
        throw SystemError(errno, "cannot learn the number of a published port");
    return address;
}

std::uint16_t port_of(const Address& address) {
    return ntohs(address.any.sa_family == AF_INET6 ? address.v6.sin6_port : address.v4.sin_port);
}

/// The errno value of what failed, 0 for a bound socket.
int try_bind(PublishedPort& port, Fd& socket) {
    const bool tcp = port.protocol == "tcp";
    const bool six = is_ipv6(port.host_ip);
    const int on = 1;
    socket = Fd(::socket(six ? AF_INET6 : AF_INET,
                         (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket.valid()) return errno;
    // Connections of the last run that are not quite over do not count; another listener does.
    if (tcp) setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (six) setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    socklen_t size = 0;
    const Address address = address_of(port, size);
    if (bind(socket.get(), &address.any, size) < 0) return errno;
    if (tcp && listen(socket.get(), backlog) < 0) return errno;
    port.host_port = port_of(name_of(socket.get()));
    return 0;
}

[[noreturn]] void refuse(const PublishedPort& port, int error) {
    const std::string address = address_text(port);
    switch (error) {
        case EADDRINUSE:
            throw Error(ErrorKind::in_use, "Bind for {} failed: port is already allocated",
                        address);
        case EACCES:
        case EPERM: {
            const std::string first = std::string(
                trim(find_file(AT_FDCWD, "/proc/sys/net/ipv4/ip_unprivileged_port_start", 64)
                         .value_or("1024")));
            throw Error(ErrorKind::denied,
                        "cannot publish {}: ports below {} need CAP_NET_BIND_SERVICE; take a "
                        "higher one, or as root: sysctl -w net.ipv4.ip_unprivileged_port_start={}",
                        address, first, port.host_port);
        }
        case EADDRNOTAVAIL:
            throw Error(ErrorKind::unsupported,
                        "cannot publish {}: this machine has no such address", address);
        default:
            throw SystemError(error, "cannot publish {}", address);
    }
}

/// All addresses with one number, or none of them; the errno value of the one that failed.
int try_all(const std::vector<PublishedPort>& wanted, std::vector<PortListener>& bound,
            PublishedPort& failed) {
    bound.clear();
    for (PublishedPort port : wanted) {
        if (!bound.empty()) port.host_port = bound.front().port.host_port;
        Fd socket;
        const int error = try_bind(port, socket);
        // "::" that we added ourselves, on a host without IPv6.
        if (error != 0 && !bound.empty() && (error == EAFNOSUPPORT || error == EADDRNOTAVAIL))
            continue;
        if (error != 0) {
            failed = port;
            return error;
        }
        bound.push_back({std::move(socket), std::move(port)});
    }
    return 0;
}

int option_of(int socket, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return getsockopt(socket, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

bool is_listener(int fd, const PortRequest& request) {
    const int family = option_of(fd, SO_DOMAIN);
    if (family != AF_INET && family != AF_INET6) return false;
    if (request.protocol == "udp") return option_of(fd, SO_TYPE) == SOCK_DGRAM;
    return option_of(fd, SO_TYPE) == SOCK_STREAM && option_of(fd, SO_ACCEPTCONN) == 1;
}

PortListener take_inherited(const PortRequest& request, int fd) {
    PortListener listener{duplicate(fd), {"", 0, request.container_port, request.protocol}};
    const int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        throw SystemError(errno, "cannot use an inherited listener");
    const Address address = name_of(fd);
    const bool six = address.any.sa_family == AF_INET6;
    std::array<char, INET6_ADDRSTRLEN> text{};
    const void* const bytes = six ? static_cast<const void*>(&address.v6.sin6_addr)
                                  : static_cast<const void*>(&address.v4.sin_addr);
    inet_ntop(address.any.sa_family, bytes, text.data(), text.size());
    listener.port.host_ip = text.data();
    listener.port.host_port = port_of(address);
    return listener;
}

}  // namespace

std::vector<int> inherited_listeners(const ContainerRecord& record) {
    std::vector<int> numbers;
    for (const PortRequest& request : record.request.publish) {
        if (request.inherited < 0) continue;
        const bool tcp = request.protocol == "tcp";
        if (!is_listener(request.inherited, request))
            throw Error(ErrorKind::usage,
                        "-p fd:{0}:{1}: descriptor {0} is no {2} socket that {3}; one comes from "
                        "systemd's socket activation (LISTEN_FDS), at every start",
                        request.inherited, port_key(request.container_port, request.protocol),
                        tcp ? "TCP" : "UDP", tcp ? "listens" : "is bound");
        numbers.push_back(request.inherited);
    }
    return numbers;
}

std::vector<PortRequest> wanted_ports(const ContainerRecord& record) {
    std::vector<PortRequest> ports = record.request.publish;
    if (!record.request.publish_all) return ports;
    for (const std::string& text : record.config.exposed_ports)
        for (const std::string& key : parse_expose(text)) {
            const PortKey port = parse_port_key(key);
            const bool is_there = std::ranges::any_of(ports, [&](const PortRequest& other) {
                return other.container_port == port.port && other.protocol == port.protocol;
            });
            if (!is_there && port.port != 0 && port.protocol != "sctp")
                ports.push_back({"", "", port.port, port.protocol, -1});
        }
    return ports;
}

std::vector<PortListener> bind_port(const PortRequest& request) {
    const PortRange range = host_port_range(request);
    std::vector<PublishedPort> wanted;
    for (const char* any : {"0.0.0.0", "::"})
        if (request.host_ip.empty())
            wanted.push_back({any, 0, request.container_port, request.protocol});
    if (!request.host_ip.empty())
        wanted.push_back({request.host_ip, 0, request.container_port, request.protocol});
    // Any port: one that is free for IPv4 may be taken for IPv6.
    const unsigned attempts = range.first == 0 ? free_port_attempts : range.last - range.first + 1U;
    std::vector<PortListener> bound;
    PublishedPort failed;
    int error = 0;
    for (unsigned i = 0; i < attempts; ++i) {
        wanted.front().host_port =
            range.first == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(range.first + i);
        error = try_all(wanted, bound, failed);
        if (error != EADDRINUSE) break;
    }
    if (error != 0) refuse(failed, error);
    return bound;
}

std::vector<PublishedPort> publish_ports(const ContainerRecord& record,
                                         std::span<const Fd> inherited, NetworkHelper& helper,
                                         network::HelperConfig& config) {
    std::vector<PublishedPort> published;
    for (const PortRequest& request : wanted_ports(record)) {
        std::vector<network::PublishedListener> listeners;
        std::vector<PortListener> all;
        if (request.inherited < 0) {
            all = bind_port(request);
        } else if (!inherited.empty()) {
            all.push_back(take_inherited(request, inherited.front().get()));
            inherited = inherited.subspan(1);
        } else {
            throw Error(ErrorKind::invalid, "-p fd:{}:{}: no listener was handed over",
                        request.inherited, port_key(request.container_port, request.protocol));
        }
        for (PortListener& bound : all) {
            const bool tcp = bound.port.protocol == "tcp";
            if (!tcp && std::ranges::find(config.udp_ports, bound.port.container_port) ==
                            config.udp_ports.end())
                config.udp_ports.push_back(bound.port.container_port);
            listeners.push_back({std::move(bound.socket), tcp, bound.port.container_port});
            published.push_back(std::move(bound.port));
        }
        helper.give_listeners(std::move(listeners));
    }
    config.publishes = !published.empty();
    return published;
}

}  // namespace skiff::engine
