// SPDX-License-Identifier: Apache-2.0
#include "cli/network_flags.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "cli/values.h"
#include "engine/container/container_network.h"

namespace skiff::cli {
namespace {

using engine::CreateRequest;

constexpr std::uint32_t least_mtu = 1280;  ///< of IPv6, RFC 8200
constexpr std::uint32_t largest_mtu = 65521;

/// Docker's and podman's words for the default.
constexpr std::array<std::string_view, 4> words_for_default{"bridge", "private", "slirp",
                                                            "slirp4netns"};

bool is_one_of_ours(std::string_view mode) {
    return mode == "none" || mode == "host" ||
           std::ranges::find(words_for_default, mode) != words_for_default.end();
}

bool parse_switch(std::string_view option, std::string_view value) {
    if (value.empty() || value == "true") return true;
    if (value == "false") return false;
    throw Error(ErrorKind::usage, "--network slirp:{}={}: true or false is wanted", option, value);
}

void set_slirp_option(engine::SlirpRequest& slirp, std::string_view text) {
    const Cut parts = cut(text, '=');
    std::string option(parts.before);
    std::ranges::replace(option, '_', '-');
    if (option == "mtu") {
        slirp.mtu = parse_number<std::uint32_t>(parts.after);
        if (!slirp.mtu || *slirp.mtu < least_mtu || *slirp.mtu > largest_mtu)
            throw Error(ErrorKind::usage, "--network slirp:{}: a number from {} to {} is wanted",
                        text, least_mtu, largest_mtu);
    } else if (option == "cidr") {
        slirp.cidr = parts.after;
    } else if (option == "host-loopback" || option == "allow-host-loopback") {
        slirp.host_loopback = parse_switch(option, parts.after);
    } else if (option == "egress") {
        for (const std::string_view rule : split(parts.after, '+')) slirp.egress.emplace_back(rule);
    } else {
        throw Error(
            ErrorKind::usage,
            "--network slirp: unknown option '{}' (there are mtu, cidr, host-loopback and egress)",
            parts.before);
    }
}

void refuse_unknown(std::string_view value) {
    const std::string_view mode = cut(value, ':').before;
    if (mode == "ns" || mode == "pasta")
        throw Error(ErrorKind::unsupported,
                    "--network {} is not supported by this version of skiff", value);
    if (value.find('=') != std::string_view::npos)
        throw Error(ErrorKind::unsupported,
                    "--network {}: options of a network are not supported by this version of skiff",
                    value);
    throw Error(ErrorKind::usage,
                "network {} not found (this version of skiff has slirp, none, host and "
                "container:<name|id>)",
                value);
}

std::string parse_dns_option(std::string_view text) {
    if (text.empty() || text.find_first_of(" \t\r\n") != std::string_view::npos)
        throw Error(ErrorKind::invalid, "{} is no option of resolv.conf(5)", quoted(text));
    return std::string(text);
}

std::string parse_search_domain(std::string_view text) {
    const bool plain = std::ranges::all_of(
        text, [](unsigned char c) { return c > ' ' && c < 0x7f && c != '#' && c != ';'; });
    if (text.empty() || !plain || text.size() > 255)
        throw Error(ErrorKind::invalid, "{} is not a valid domain", quoted(text));
    return std::string(text);
}

/// What docker/cli says of modes that cannot be had together; the same one twice is one.
void take_network(std::string& network, std::string_view value) {
    const auto is_default = [](std::string_view mode) {
        return mode == "default" ||
               std::ranges::find(words_for_default, mode) != words_for_default.end();
    };
    if (!network.empty() && network != value && !(is_default(network) && is_default(value)))
        throw Error(ErrorKind::usage,
                    "conflicting options: cannot attach both user-defined and non-user-defined "
                    "network-modes (--network {} and {})",
                    network, value);
    network = value;
}

}  // namespace

void set_network(CreateRequest& request, std::string_view value) {
    const Cut parts = cut(value, ':');
    request.slirp = {};
    if (value.empty() || value == "default") {
        request.namespaces.network.clear();
    } else if (is_one_of_ours(value)) {
        request.namespaces.network = value;
    } else if (parts.found && parts.before == "container") {
        if (parts.after.empty())
            throw Error(ErrorKind::usage,
                        "Invalid network mode: invalid container format container:<name|id>");
        request.namespaces.network = value;
    } else if (parts.found && (parts.before == "slirp" || parts.before == "slirp4netns")) {
        request.namespaces.network = parts.before;
        for (const std::string_view option : split(parts.after, ','))
            set_slirp_option(request.slirp, option);
        engine::network_config(request);  // a network that cannot be is refused here
    } else {
        refuse_unknown(value);
    }
}

void declare_network_flags(CommandBuilder& command, CreateRequest& request, std::string& network) {
    command.parsed(
        "--network,--net", [&network](std::string_view value) { take_network(network, value); },
        "network",
        "Network of the container: slirp (the default: a private one with a way out), none, host "
        "or "
        "container:<name|id>",
        complete::words(
            "slirp none host bridge container: slirp:host-loopback slirp:mtu= slirp:cidr= "
            "slirp:egress="));
    command.parsed(
        "--add-host",
        [&request](std::string_view value) {
            request.add_hosts.push_back(parse_extra_host(value));
        },
        "list", "Add a line to /etc/hosts (format: <host>:<ip>; host-gateway is this machine)");
    command.parsed(
        "--dns",
        [&request](std::string_view value) { request.dns.push_back(parse_address(value)); }, "list",
        "Address of a name server, in place of the host's");
    command.parsed(
        "--dns-option,--dns-opt",
        [&request](std::string_view value) {
            request.dns_options.push_back(parse_dns_option(value));
        },
        "list", "Option of resolv.conf, in place of the host's");
    command.parsed(
        "--dns-search",
        [&request](std::string_view value) {
            request.dns_search.push_back(parse_search_domain(value));
        },
        "list", "Domain to search, in place of the host's; '.' for none");
}

}  // namespace skiff::cli
