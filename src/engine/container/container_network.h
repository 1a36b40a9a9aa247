// SPDX-License-Identifier: Apache-2.0
// What a container's request says of its network, in the words of the layer that makes it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/container/request.h"
#include "network/config.h"

namespace skiff::engine {

/// Whether the container has a network namespace with a way out (the default); false for `none`,
/// which has loopback only, and for `host`.
bool has_private_network(const CreateRequest& request);

/// As Docker's HostConfig has it: what was typed, "default" for nothing.
std::string network_mode(const CreateRequest& request);
/// Under which name the network shows in lists: "bridge" for the default, as in Docker.
std::string network_name(const CreateRequest& request);

/// Addresses and options of a private network, without what is only known at a start. Throws
/// Error{usage} for a network that cannot be.
network::HelperConfig network_config(const CreateRequest& request);

/// The rules of egress= as the helper has them: a name that /etc/hosts has for the container
/// (--add-host, host.docker.internal) stands for its address there, which no server is asked for.
std::vector<std::string> egress_rules(const CreateRequest& request);

/// The container's /etc/resolv.conf, where the host's has the content `host`.
std::string container_resolv_conf(const CreateRequest& request, std::string_view host);

/// The address by which a container reaches the host: the gateway's where that leads to the host's
/// loopback, else the one by which the host itself goes out; the gateway's when it has none.
std::string host_gateway(const CreateRequest& request);

}  // namespace skiff::engine
