// SPDX-License-Identifier: Apache-2.0
#include "network/dns_message.h"

#include <algorithm>

#include <fmt/format.h>

namespace skiff::network {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::uint8_t longest_label = 63;
constexpr std::uint8_t reply_bit = 0x80;            // of byte 2
constexpr std::uint8_t opcode_bits = 0x78;          // of byte 2
constexpr std::uint8_t truncated_bit = 0x02;        // of byte 2
constexpr std::uint8_t recursion_wanted = 0x01;     // of byte 2
constexpr std::uint8_t recursion_available = 0x80;  // of byte 3

std::uint16_t number_at(Bytes data, std::size_t at) {
    return static_cast<std::uint16_t>(data[at] << 8U | data[at + 1]);
}

/// The question that begins behind the header; false when it is malformed.
bool read_question(Bytes message, DnsQuery& query) {
    std::size_t at = dns_header;
    for (;;) {
        if (at >= message.size()) return false;
        const std::uint8_t length = message[at++];
        if (length == 0) break;
        if (length > longest_label || at + length > message.size() ||
            at + length - dns_header > longest_name)
            return false;
        if (!query.name.empty()) query.name += '.';
        for (const std::uint8_t byte : message.subspan(at, length)) {
            const bool plain = byte > ' ' && byte < 0x7f && byte != '.' && byte != '\\';
            if (plain) {
                const bool upper = byte >= 'A' && byte <= 'Z';
                query.name += static_cast<char>(upper ? byte + ('a' - 'A') : byte);
            } else {
                query.name += fmt::format("\\{:03}", byte);
            }
        }
        at += length;
    }
    constexpr std::size_t type_and_class = 4;
    if (at + type_and_class > message.size()) return false;
    query.type = number_at(message, at);
    query.question = message.subspan(dns_header, at + type_and_class - dns_header);
    return true;
}

std::vector<std::uint8_t> reply_header(const DnsQuery& query, std::uint8_t flags, DnsCode code) {
    std::vector<std::uint8_t> reply(dns_header + query.question.size());
    reply[0] = static_cast<std::uint8_t>(query.id >> 8U);
    reply[1] = static_cast<std::uint8_t>(query.id & 0xffU);
    reply[2] = static_cast<std::uint8_t>(reply_bit | recursion_wanted | flags);
    reply[3] = static_cast<std::uint8_t>(recursion_available | static_cast<std::uint8_t>(code));
    reply[5] = 1;  // question
    std::copy(query.question.begin(), query.question.end(), reply.begin() + dns_header);
    return reply;
}

}  // namespace

std::optional<DnsQuery> parse_query(Bytes message) {
    if (message.size() < dns_header || (message[2] & (reply_bit | opcode_bits)) != 0 ||
        number_at(message, 4) != 1)
        return std::nullopt;
    DnsQuery query;
    query.id = number_at(message, 0);
    if (!read_question(message, query)) return std::nullopt;
    return query;
}

bool answers(Bytes reply, const DnsQuery& query) {
    if (reply.size() < dns_header || (reply[2] & reply_bit) == 0 || number_at(reply, 0) != query.id)
        return false;
    // Servers that understood nothing leave the question out.
    if (number_at(reply, 4) == 0) return response_code(reply) != 0;
    const Bytes rest = reply.subspan(dns_header);
    return rest.size() >= query.question.size() &&
           std::equal(query.question.begin(), query.question.end(), rest.begin());
}

unsigned response_code(Bytes message) {
    return message[3] & 0x0fU;
}

std::vector<std::uint8_t> make_reply(const DnsQuery& query, DnsCode code) {
    return reply_header(query, 0, code);
}

std::vector<std::uint8_t> make_truncated(const DnsQuery& query) {
    return reply_header(query, truncated_bit, DnsCode::no_error);
}

}  // namespace skiff::network
