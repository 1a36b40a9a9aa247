// SPDX-License-Identifier: Apache-2.0
// The host's side of published ports: sockets that are bound before the container's program runs,
// so that whoever starts it hears what is in the way.
#pragma once

#include <span>
#include <vector>

#include "base/fd.h"
#include "engine/container/network_helper.h"
#include "engine/container/record.h"
#include "network/config.h"

namespace skiff::engine {

/// What -p and -P ask for together.
std::vector<PortRequest> wanted_ports(const ContainerRecord& record);

struct PortListener {
    Fd socket;  ///< non-blocking; TCP: listening
    PublishedPort port;
};

/// Binds what `request` asks for: one socket, or one for each of IPv4 and IPv6 (with the same
/// number) where no address was given; a host without IPv6 has the first alone.
///
/// Throws Error: in_use when a port is taken, denied for one that only root may have, unsupported
/// for an address that this machine does not have.
std::vector<PortListener> bind_port(const PortRequest& request);

/// The descriptors of "-p fd:N:…" in this process, in the order of the record. Throws Error{usage}
/// for one that is not there, or no listener of its protocol.
std::vector<int> inherited_listeners(const ContainerRecord& record);

/// Binds all of them, a few at a time, hands them to `helper` and tells `config` of them.
/// `inherited`: of inherited_listeners; they stay for the next run. Throws what bind_port throws,
/// and Error{invalid} where an inherited one is missing.
std::vector<PublishedPort> publish_ports(const ContainerRecord& record,
                                         std::span<const Fd> inherited, NetworkHelper& helper,
                                         network::HelperConfig& config);

}  // namespace skiff::engine
