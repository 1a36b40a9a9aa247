// SPDX-License-Identifier: Apache-2.0
// Headers of the packets that the helper itself writes to a container. Pure.
#pragma once

#include <cstdint>
#include <vector>

#include <netinet/in.h>

namespace skiff::network {

/// The bytes of a header as it lies in memory.
template <typename Header>
void append_header(std::vector<std::uint8_t>& bytes, const Header& header) {
    const auto* begin = reinterpret_cast<const std::uint8_t*>(&header);
    bytes.insert(bytes.end(), begin, begin + sizeof header);
}

/// An IPv4 (RFC 791) or IPv6 (RFC 8200) header without options, checksum included, in front of
/// `payload` bytes. IPv4 addresses are in their mapped form.
void append_ip_header(std::vector<std::uint8_t>& bytes, int family, const in6_addr& from,
                      const in6_addr& to, std::uint8_t protocol, std::size_t payload);

}  // namespace skiff::network
