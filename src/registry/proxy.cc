// SPDX-License-Identifier: Apache-2.0
#include "registry/proxy.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <vector>

#include <arpa/inet.h>

#include "base/text.h"

namespace skiff::registry {
namespace {

std::string variable(std::initializer_list<const char*> names) {
    for (const char* name : names)
        if (const char* value = std::getenv(name); value != nullptr && *value != '\0') return value;
    return {};
}

struct HostPort {
    std::string host;  ///< without brackets
    std::string port;
};

HostPort split_port(std::string_view text) {
    if (text.starts_with('[')) {
        const size_t end = std::min(text.find(']'), text.size() - 1);
        const std::string_view rest = text.substr(end + 1);
        return {std::string(text.substr(1, end - 1)),
                std::string(rest.starts_with(':') ? rest.substr(1) : "")};
    }
    // More than one colon: an address of IPv6, and no port.
    const Cut parts = cut(text, ':');
    if (!parts.found || parts.after.find(':') != std::string_view::npos)
        return {std::string(text), ""};
    return {std::string(parts.before), std::string(parts.after)};
}

/// 4 or 16 bytes; IPv4 in IPv6 is IPv4.
struct Address {
    std::array<unsigned char, 16> bytes{};
    unsigned bits = 0;

    bool operator==(const Address&) const = default;
};

std::optional<Address> parse_address(const std::string& text) {
    constexpr std::array<unsigned char, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    Address address;
    if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) {
        address.bits = 32;
        return address;
    }
    std::array<unsigned char, 16> bytes{};
    if (inet_pton(AF_INET6, text.c_str(), bytes.data()) != 1) return std::nullopt;
    if (!std::equal(mapped.begin(), mapped.end(), bytes.begin())) return Address{bytes, 128};
    std::copy(bytes.begin() + mapped.size(), bytes.end(), address.bytes.begin());
    address.bits = 32;
    return address;
}

bool is_loopback_address(const Address& address) {
    static constexpr std::array<unsigned char, 16> one{0, 0, 0, 0, 0, 0, 0, 0,
                                                       0, 0, 0, 0, 0, 0, 0, 1};
    return address.bits == 32 ? address.bytes[0] == 127 : address.bytes == one;
}

bool is_in(const Address& address, const Address& network, unsigned prefix) {
    if (address.bits != network.bits || prefix > network.bits) return false;
    const unsigned whole = prefix / 8;
    if (std::memcmp(address.bytes.data(), network.bytes.data(), whole) != 0) return false;
    const unsigned rest = prefix % 8;
    const unsigned mask = rest == 0 ? 0 : 0xffU << (8U - rest);
    return ((address.bytes[whole % 16] ^ network.bytes[whole % 16]) & mask) == 0;
}

/// Whether an entry of no_proxy is about the host.
bool names(std::string_view entry, const HostPort& host, const std::optional<Address>& address) {
    if (entry == "*") return true;
    if (const Cut parts = cut(entry, '/'); parts.found) {
        const auto network = parse_address(std::string(parts.before));
        const auto prefix = parse_number<unsigned>(parts.after);
        return network && prefix && address && is_in(*address, *network, *prefix);
    }
    const HostPort wanted = split_port(entry);
    if (wanted.host.empty() || (!wanted.port.empty() && wanted.port != host.port)) return false;
    if (const auto one = parse_address(wanted.host)) return address == one;
    std::string_view domain = wanted.host;
    if (domain.starts_with("*.")) domain.remove_prefix(1);
    if (domain.starts_with('.')) return host.host.ends_with(domain);
    return host.host == domain || host.host.ends_with("." + std::string(domain));
}

}  // namespace

ProxyVariables ProxyVariables::from_environment() {
    return {variable({"HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"}),
            variable({"HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"}),
            variable({"NO_PROXY", "no_proxy"})};
}

std::string find_proxy(const ProxyVariables& variables, bool https, std::string_view host) {
    const std::string& proxy = https ? variables.https : variables.http;
    HostPort wanted = split_port(to_lower(host));
    if (wanted.port.empty()) wanted.port = https ? "443" : "80";
    if (wanted.host.ends_with('.')) wanted.host.pop_back();
    const std::optional<Address> address = parse_address(wanted.host);
    if (wanted.host == "localhost" || (address && is_loopback_address(*address))) return {};
    std::string list = to_lower(variables.none);
    std::ranges::replace_if(list, [](char c) { return c == ' ' || c == '\t'; }, ',');
    const std::vector<std::string_view> entries = split(list, ',');
    const bool excepted = std::ranges::any_of(entries, [&](std::string_view entry) {
        return !entry.empty() && names(entry, wanted, address);
    });
    return excepted ? "" : proxy;
}

}  // namespace skiff::registry
