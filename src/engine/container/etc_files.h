// SPDX-License-Identifier: Apache-2.0
// The three files that an engine gives a container: /etc/hosts, /etc/hostname, /etc/resolv.conf.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skiff::engine {

struct HostsFile {
    std::string hostname;     ///< "" : no line for it
    std::string own_address;  ///< "" while the container has only loopback: its name is 127.0.0.1's
    /// "name:ip" as --add-host takes it (ip may be IPv6), "name:host-gateway".
    std::vector<std::string> extra;
    /// Where the host is, for those who ask for it by name; "" : it cannot be reached.
    std::string host_gateway;
};
/// Throws Error{usage} for host-gateway where there is none.
std::string hosts_content(const HostsFile& file);

struct ResolvConf {
    std::string_view host;             ///< the host's file
    std::vector<std::string> servers;  ///< --dns: in place of the host's
    std::vector<std::string> search;   ///< in place of the host's; "." alone: none
    std::vector<std::string> options;  ///< in place of the host's
    std::string resolver;  ///< stands for the host's servers, where somebody does so; "" : nobody
    bool own_network = false;
};
/// What the container's resolver reads. Without a resolver, but with a network namespace of its
/// own, name servers on the host's loopback cannot be reached and are left out.
std::string resolv_conf_content(const ResolvConf& request);

/// Gives `name` in `directory` (of the container's record, shown in the container, which may write
/// to it) the content `after` in place of `before`. Another content is the container's own, and
/// stays. Never waits for the container; what fails leaves the file as it is.
void replace_shown_file(int directory, const char* name, std::string_view before,
                        std::string after) noexcept;

}  // namespace skiff::engine
