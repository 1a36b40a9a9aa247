// SPDX-License-Identifier: Apache-2.0
// What is done once inside the container's network namespace, before the container's program runs.
#pragma once

#include <cstdint>
#include <vector>

#include "base/fd.h"
#include "network/config.h"
#include "network/local_paths.h"

namespace skiff::network {

/// Plain, since it travels to the main part as it is.
struct NamespaceFacts {
    bool tap = true;           ///< false: a packet socket on a veth pair
    LocalPaths paths;          ///< of its gates the listeners are `others`, IPv4 first
    bool maker_stays = false;  ///< sockets can be asked for
};

struct NamespaceResult {
    NamespaceFacts facts;
    Fd frames;               ///< the link: one Ethernet frame each read(2) and write(2)
    std::vector<Fd> others;  ///< at most 7; what they are follows from the facts
};

/// In the namespace, with all capabilities there, and the host's file system still visible. Throws
/// SystemError.
NamespaceResult set_up_namespace(const HelperConfig& config);

}  // namespace skiff::network
