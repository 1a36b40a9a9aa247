// SPDX-License-Identifier: Apache-2.0
// From the helper to a server in the container: sockets of the container's namespace that take the
// client's address.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/fd.h"
#include "network/config.h"
#include "network/endpoint.h"
#include "network/local_paths.h"
#include "network/socket_maker.h"

namespace skiff::network {

/// Where new sockets of the container's namespace come from, up to `count` of one kind.
using TakeSockets = std::function<std::vector<Fd>(SocketKind kind, std::uint8_t count)>;

/// The container's end of published ports.
class Inside {
  public:
    Inside(const HelperConfig& config, const LocalPaths& paths, TakeSockets take)
        : config_(config), paths_(paths), take_(std::move(take)) {}

    /// The address that the container has, of `family`.
    Endpoint container(int family, std::uint16_t port) const;

    /// Who a client is towards the container: itself, or the gateway (any port) for one that has an
    /// address which means something else there: the host's loopback, the container's own, a
    /// link's.
    Endpoint source_for(const Endpoint& client) const;

    /// A socket that is bound for `client` and has begun to connect to `server`. Where the
    /// client's own port is taken (another published port, a connection that ended a moment ago) it
    /// has another one, where that fails the gateway's address. Throws SystemError when the kernel
    /// refuses all of them, with ECONNREFUSED when there is no server at once.
    Fd connect(int type, const Endpoint& client, const Endpoint& server);

  private:
    Fd new_socket(int family, int type);
    Endpoint gateway(int family) const;

    const HelperConfig& config_;
    LocalPaths paths_;
    TakeSockets take_;
    std::array<std::vector<Fd>, 4> stock_;
};

}  // namespace skiff::network
