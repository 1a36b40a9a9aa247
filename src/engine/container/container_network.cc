// SPDX-License-Identifier: Apache-2.0
#include "engine/container/container_network.h"

#include <algorithm>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/fd.h"
#include "base/text.h"
#include "engine/container/etc_files.h"
#include "network/egress_rules.h"

namespace skiff::engine {
namespace {

/// The source address that the kernel would choose for a packet to the internet. Nothing is sent.
std::string outgoing_address() {
    const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    sockaddr_in there{};
    there.sin_family = AF_INET;
    there.sin_port = htons(9);                         // discard
    inet_pton(AF_INET, "192.0.2.1", &there.sin_addr);  // TEST-NET-1: nobody has it
    sockaddr_in here{};
    socklen_t length = sizeof here;
    if (connect(socket.get(), reinterpret_cast<const sockaddr*>(&there), sizeof there) < 0 ||
        getsockname(socket.get(), reinterpret_cast<sockaddr*>(&here), &length) < 0 ||
        ntohl(here.sin_addr.s_addr) >> 24U == 127)
        return {};
    return network::to_text(here.sin_addr);
}

/// Such a container may change the rules that the SYN gate is made of, and may forward packets of
/// others (a Docker in it), which come through the link with their own connections.
bool administers_network(const SecurityRequest& security) {
    const auto has = [](const std::vector<std::string>& list, const char* name) {
        return std::ranges::find(list, name) != list.end();
    };
    return security.privileged || has(security.cap_add, "CAP_NET_ADMIN") ||
           has(security.cap_add, "ALL");
}

/// What the container's /etc/hosts says of a name (etc_files.h).
std::vector<std::string> addresses_in_hosts(const CreateRequest& request, std::string_view name) {
    std::vector<std::string> addresses;
    for (const std::string& line : request.add_hosts) {
        const Cut parts = cut(line, ':');
        if (to_lower(parts.before) != name) continue;
        addresses.push_back(parts.after == "host-gateway" ? host_gateway(request)
                                                          : std::string(parts.after));
    }
    if (addresses.empty() && (name == "host.docker.internal" || name == "host.containers.internal"))
        addresses.push_back(host_gateway(request));
    return addresses;
}

}  // namespace

bool has_private_network(const CreateRequest& request) {
    const std::string& mode = request.namespaces.network;
    return mode != "none" && mode != "host" && shared_container(mode).empty();
}

std::string network_mode(const CreateRequest& request) {
    return request.namespaces.network.empty() ? "default" : request.namespaces.network;
}

std::string network_name(const CreateRequest& request) {
    return request.namespaces.network.empty() ? "bridge" : request.namespaces.network;
}

network::HelperConfig network_config(const CreateRequest& request) {
    const SlirpRequest& slirp = request.slirp;
    network::HelperConfig config =
        network::make_config(slirp.cidr.empty() ? network::default_cidr : slirp.cidr);
    if (slirp.mtu) config.mtu = *slirp.mtu;
    config.host_loopback = slirp.host_loopback;
    config.egress = slirp.egress;
    for (const std::string& rule : config.egress) network::parse_egress_rule(rule);
    config.gate = !administers_network(request.security);
    return config;
}

std::vector<std::string> egress_rules(const CreateRequest& request) {
    std::vector<std::string> rules;
    for (const std::string& text : request.slirp.egress) {
        const network::EgressRule rule = network::parse_egress_rule(text);
        const std::vector<std::string> addresses = rule.kind == network::EgressRule::Kind::name
                                                       ? addresses_in_hosts(request, rule.name)
                                                       : std::vector<std::string>();
        if (addresses.empty()) rules.push_back(text);
        const std::size_t port = std::min(text.find(':'), text.size());
        for (const std::string& address : addresses)
            rules.push_back(
                (address.find(':') == std::string::npos ? address : "[" + address + "]") +
                text.substr(port));
    }
    return rules;
}

std::string container_resolv_conf(const CreateRequest& request, std::string_view host) {
    ResolvConf resolv{.host = host,
                      .servers = request.dns,
                      .search = request.dns_search,
                      .options = request.dns_options,
                      .resolver = {},
                      .own_network = request.namespaces.network != "host"};
    if (has_private_network(request)) {
        resolv.resolver = network::to_text(network_config(request).resolver);
        // Names open addresses in the helper's resolver alone; there --dns holds.
        if (!request.slirp.egress.empty()) resolv.servers.clear();
    }
    return resolv_conf_content(resolv);
}

std::string host_gateway(const CreateRequest& request) {
    const network::HelperConfig config = network_config(request);
    if (!config.host_loopback)
        if (std::string address = outgoing_address(); !address.empty()) return address;
    return network::to_text(config.gateway);
}

}  // namespace skiff::engine
