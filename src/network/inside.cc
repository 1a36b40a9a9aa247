// SPDX-License-Identifier: Apache-2.0
#include "network/inside.h"

#include <cerrno>

#include "base/error.h"

namespace skiff::network {
namespace {

constexpr std::uint8_t refill = 8;

SocketKind kind_of(int family, int type) {
    if (family == AF_INET6) return type == SOCK_STREAM ? SocketKind::tcp6 : SocketKind::udp6;
    return type == SOCK_STREAM ? SocketKind::tcp4 : SocketKind::udp4;
}

/// 0 also for a connection that is on its way.
int begin_connect(int fd, const Endpoint& source, const Endpoint& server) {
    // Any port: chosen by connect, which knows the server, so that thousands share an address.
    const int on = 1;
    if (source.port() == 0) setsockopt(fd, SOL_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, source.get(), source.size()) < 0) return errno;
    if (::connect(fd, server.get(), server.size()) < 0 && errno != EINPROGRESS) return errno;
    return 0;
}

}  // namespace

Endpoint Inside::container(int family, std::uint16_t port) const {
    return family == AF_INET6 ? Endpoint(config_.address6, port) : Endpoint(config_.address, port);
}

Endpoint Inside::gateway(int family) const {
    return family == AF_INET6 ? Endpoint(config_.gateway6, 0) : Endpoint(config_.gateway, 0);
}

Endpoint Inside::source_for(const Endpoint& client) const {
    const bool kept = client.family() == AF_INET6 ? paths_.source6 : paths_.source4;
    if (!kept || client.is_loopback() || client.is_link_local6() ||
        same_address(container(client.family(), 0), client))
        return gateway(client.family());
    return client;
}

Fd Inside::new_socket(int family, int type) {
    const SocketKind kind = kind_of(family, type);
    auto& stock = stock_[static_cast<std::size_t>(kind) - 1];
    if (stock.empty()) stock = take_(kind, refill);
    if (stock.empty()) throw Error(ErrorKind::system, "no socket of the container's network");
    Fd fd = std::move(stock.back());
    stock.pop_back();
    return fd;
}

Fd Inside::connect(int type, const Endpoint& client, const Endpoint& server) {
    const Endpoint source =
        client.family() == server.family() ? source_for(client) : gateway(server.family());
    const Endpoint candidates[] = {source, source.with_port(0), gateway(server.family())};
    int error = 0;
    for (const Endpoint& candidate : candidates) {
        Fd fd = new_socket(server.family(), type);
        error = begin_connect(fd.get(), candidate, server);
        if (error == 0) return fd;
        if (error != EADDRINUSE && error != EADDRNOTAVAIL) break;
    }
    throw SystemError(error, "cannot connect to the container");
}

}  // namespace skiff::network
