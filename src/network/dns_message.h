// SPDX-License-Identifier: Apache-2.0
// DNS messages (RFC 1035), as far as whoever only passes them on has to read them. Pure, fuzzed.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "network/frame.h"

namespace skiff::network {

inline constexpr std::size_t dns_header = 12;

/// A query with exactly one question, as every resolver library sends it.
struct DnsQuery {
    std::uint16_t id = 0;
    std::string name;  ///< lower case, without the final dot; odd bytes as \DDD
    std::uint16_t type = 0;
    Bytes question;  ///< name, type and class as they are in the message
};
/// Nothing for what is no query: a reply, another opcode, not one question, a name that is cut off,
/// compressed or longer than 255 bytes.
std::optional<DnsQuery> parse_query(Bytes message);

/// Whether `reply` is an answer to `query`: same number, same question.
bool answers(Bytes reply, const DnsQuery& query);

enum class DnsCode : std::uint8_t {
    no_error = 0,
    format_error = 1,
    server_failure = 2,
    no_such_name = 3,
    refused = 5
};
/// An A or AAAA record, IPv4 in its mapped form.
struct DnsAddress {
    in6_addr address{};
    std::uint32_t ttl = 0;  ///< seconds
};
/// The addresses that `reply`, which answers `query`, gives to the name that was asked for, by
/// aliases (CNAME) or without. At most 64; what is malformed ends the list.
std::vector<DnsAddress> addresses_of(Bytes reply, const DnsQuery& query);

/// Of a message of at least dns_header bytes.
unsigned response_code(Bytes message);

/// A reply to `query` without any record.
std::vector<std::uint8_t> make_reply(const DnsQuery& query, DnsCode code);
/// The same with the bit that says: too long for a datagram, ask by TCP.
std::vector<std::uint8_t> make_truncated(const DnsQuery& query);

}  // namespace skiff::network
