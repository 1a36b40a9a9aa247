// SPDX-License-Identifier: Apache-2.0
#include "network/endpoint.h"

#include <cstring>

#include "network/frame.h"

namespace skiff::network {

Endpoint::Endpoint(in_addr address, std::uint16_t port) {
    storage_.v4 = {};
    storage_.v4.sin_family = AF_INET;
    storage_.v4.sin_addr = address;
    storage_.v4.sin_port = htons(port);
}

Endpoint::Endpoint(const in6_addr& address, std::uint16_t port) {
    storage_.v6.sin6_family = AF_INET6;
    storage_.v6.sin6_addr = address;
    storage_.v6.sin6_port = htons(port);
}

Endpoint Endpoint::from_mapped(const in6_addr& address, std::uint16_t port) {
    if (!is_mapped(address)) return {address, port};
    in_addr last{};
    std::memcpy(&last, address.s6_addr + 12, sizeof last);
    return {last, port};
}

std::uint16_t Endpoint::port() const {
    return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

in6_addr Endpoint::mapped_address() const {
    return family() == AF_INET6 ? storage_.v6.sin6_addr : mapped(storage_.v4.sin_addr);
}

Endpoint Endpoint::with_port(std::uint16_t port) const {
    Endpoint result = *this;
    (family() == AF_INET6 ? result.storage_.v6.sin6_port : result.storage_.v4.sin_port) =
        htons(port);
    return result;
}

bool Endpoint::is_loopback() const {
    if (family() == AF_INET6) return IN6_IS_ADDR_LOOPBACK(&storage_.v6.sin6_addr);
    return ntohl(storage_.v4.sin_addr.s_addr) >> 24U == IN_LOOPBACKNET;
}

bool Endpoint::is_link_local6() const {
    return family() == AF_INET6 && IN6_IS_ADDR_LINKLOCAL(&storage_.v6.sin6_addr);
}

bool same_address(const Endpoint& a, const Endpoint& b) {
    const in6_addr left = a.mapped_address();
    const in6_addr right = b.mapped_address();
    return std::memcmp(&left, &right, sizeof left) == 0;
}

}  // namespace skiff::network
