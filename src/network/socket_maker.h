// SPDX-License-Identifier: Apache-2.0
// Sockets inside the container's network namespace, for a process that is outside and has no
// rights.
//
// The helper's main part parses packets and DNS, lives in the host's network namespace and has no
// capability at all. What needs the container's namespace is done by a second process, the maker:
// it enters the namespace, configures it (namespace_setup.h), keeps CAP_NET_ADMIN and CAP_NET_RAW
// and nothing else, and answers requests of fixed size: "N sockets of kind K". A socket that has
// IP_TRANSPARENT and SO_MARK can be bound to foreign addresses by anybody afterwards.
//
//   main                                   maker
//   ────                                   ─────
//   namespace + descriptor ──────────────▶ setns, link, addresses, routes, rules
//                        ◀─── facts + descriptors   the link and what else the set-up has opened
//   SocketRequest ───────────────────────▶ socket, setsockopt
//                        ◀─── errno + descriptors
//
// The maker ends with its socket, and where nobody would ask it again, after the set-up.
#pragma once

#include <cstdint>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "network/config.h"
#include "network/namespace_setup.h"

namespace skiff::network {

/// What can be asked for. Every one is non-blocking, close-on-exec, transparent and marked.
enum class SocketKind : std::uint8_t { tcp4 = 1, tcp6, udp4, udp6 };

struct SocketRequest {
    SocketKind kind = SocketKind::tcp4;
    std::uint8_t count = 1;  ///< 1 to 8
};

/// The main part's end. Requests are answered in some 20 microseconds, so they are waited for.
class SocketMaker {
  public:
    /// Clones the maker, with the capabilities still there and before the sandbox. It must be the
    /// only thread.
    static SocketMaker start(const HelperConfig& config);

    /// Hands over the container's network namespace; the maker begins at once.
    void give_namespace(int netns);
    /// Waits for the end of the set-up. Throws what it threw.
    NamespaceResult await_setup();
    /// Throws SystemError with the maker's errno, Error{system} when the maker is gone.
    std::vector<Fd> take(SocketRequest request);

  private:
    SocketMaker(Child process, Fd socket)
        : process_(std::move(process)), socket_(std::move(socket)) {}
    Child process_;
    Fd socket_;
};

}  // namespace skiff::network
