// SPDX-License-Identifier: Apache-2.0
// The three files that an engine gives a container: /etc/hosts, /etc/hostname, /etc/resolv.conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skiff::engine {

/// `own_address` is empty while the container has only loopback (its name is then 127.0.0.1's).
/// `extra` holds "name:ip" as --add-host takes it (ip may be IPv6).
std::string hosts_content(const std::string& hostname, const std::vector<std::string>& extra);

/// What the container's resolver reads. `dns` replaces the host's name servers; search and options
/// lines of the host stay. With a network namespace of its own, name servers on the host's loopback
/// cannot be reached and are left out.
std::string resolv_conf_content(std::string_view host_content, const std::vector<std::string>& dns,
                                bool own_network);

}  // namespace skiff::engine
