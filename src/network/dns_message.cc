// SPDX-License-Identifier: Apache-2.0
#include "network/dns_message.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include <fmt/format.h>

namespace skiff::network {
namespace {

constexpr std::size_t longest_name = 255;
constexpr std::uint8_t longest_label = 63;
constexpr std::uint8_t pointer_bits = 0xc0;
constexpr std::uint16_t pointer_mask = 0x3fff;
constexpr std::uint16_t internet_class = 1;
constexpr std::uint16_t type_a = 1;
constexpr std::uint16_t type_cname = 5;
constexpr std::uint16_t type_aaaa = 28;
constexpr std::size_t most_addresses = 64;  ///< of one answer that count
constexpr std::size_t most_aliases = 16;
constexpr std::uint8_t reply_bit = 0x80;            // of byte 2
constexpr std::uint8_t opcode_bits = 0x78;          // of byte 2
constexpr std::uint8_t truncated_bit = 0x02;        // of byte 2
constexpr std::uint8_t recursion_wanted = 0x01;     // of byte 2
constexpr std::uint8_t recursion_available = 0x80;  // of byte 3

std::uint16_t number_at(Bytes data, std::size_t at) {
    return static_cast<std::uint16_t>(data[at] << 8U | data[at + 1]);
}

void append_label(std::string& name, Bytes label) {
    if (!name.empty()) name += '.';
    for (const std::uint8_t byte : label) {
        const bool plain = byte > ' ' && byte < 0x7f && byte != '.' && byte != '\\';
        if (plain) {
            const bool upper = byte >= 'A' && byte <= 'Z';
            name += static_cast<char>(upper ? byte + ('a' - 'A') : byte);
        } else {
            name += fmt::format("\\{:03}", byte);
        }
    }
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
        append_label(query.name, message.subspan(at, length));
        at += length;
    }
    constexpr std::size_t type_and_class = 4;
    if (at + type_and_class > message.size()) return false;
    query.type = number_at(message, at);
    query.question = message.subspan(dns_header, at + type_and_class - dns_header);
    return true;
}

/// The name at `at`, which is then behind it; compressed ones as well (RFC 1035 4.1.4). A pointer
/// leads backwards only, so that there is an end. Nothing when it is malformed.
std::optional<std::string> read_name(Bytes message, std::size_t& at) {
    std::string name;
    std::size_t here = at;
    std::size_t limit = message.size();  // of where a pointer may lead to
    std::size_t bytes = 0;
    bool followed = false;
    for (;;) {
        if (here >= message.size()) return std::nullopt;
        const std::uint8_t length = message[here];
        if (length >= pointer_bits) {
            if (here + 2 > message.size()) return std::nullopt;
            const std::size_t to = number_at(message, here) & pointer_mask;
            if (!std::exchange(followed, true)) at = here + 2;
            if (to >= std::min(here, limit)) return std::nullopt;
            here = limit = to;
            continue;
        }
        ++here;
        bytes += length + 1U;
        if (length > longest_label || bytes > longest_name + 1 || here + length > message.size())
            return std::nullopt;
        if (length == 0) break;
        append_label(name, message.subspan(here, length));
        here += length;
    }
    if (!followed) at = here;
    return name;
}

struct Record {
    std::string owner;
    std::uint16_t type = 0;
    std::uint16_t record_class = 0;
    std::uint32_t ttl = 0;
    std::size_t data = 0;  ///< where it begins in the message
    std::size_t size = 0;
};
std::optional<Record> read_record(Bytes message, std::size_t& at) {
    constexpr std::size_t fixed_part = 10;
    Record record;
    std::optional<std::string> owner = read_name(message, at);
    if (!owner || at + fixed_part > message.size()) return std::nullopt;
    record.owner = std::move(*owner);
    record.type = number_at(message, at);
    record.record_class = number_at(message, at + 2);
    record.ttl =
        static_cast<std::uint32_t>(number_at(message, at + 4)) << 16U | number_at(message, at + 6);
    // RFC 2181 8: the topmost bit means zero.
    if ((record.ttl & 0x80000000U) != 0) record.ttl = 0;
    record.size = number_at(message, at + 8);
    record.data = at + fixed_part;
    if (record.data + record.size > message.size()) return std::nullopt;
    at = record.data + record.size;
    return record;
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

std::vector<DnsAddress> addresses_of(Bytes reply, const DnsQuery& query) {
    std::vector<DnsAddress> addresses;
    std::size_t at = dns_header + query.question.size();
    if (reply.size() < at || number_at(reply, 4) != 1) return addresses;
    // Servers put an alias before what it stands for: one pass is enough.
    std::vector<std::string> names{query.name};
    for (unsigned left = number_at(reply, 6); left > 0 && addresses.size() < most_addresses;
         --left) {
        const std::optional<Record> record = read_record(reply, at);
        if (!record) break;
        if (record->record_class != internet_class ||
            std::ranges::find(names, record->owner) == names.end())
            continue;
        if (record->type == type_cname && names.size() < most_aliases) {
            std::size_t data = record->data;
            if (auto alias = read_name(reply, data)) names.push_back(std::move(*alias));
        } else if (record->type == type_a && record->size == sizeof(in_addr)) {
            in_addr address;
            std::memcpy(&address, reply.data() + record->data, sizeof address);
            addresses.push_back({mapped(address), record->ttl});
        } else if (record->type == type_aaaa && record->size == sizeof(in6_addr)) {
            DnsAddress address{{}, record->ttl};
            std::memcpy(&address.address, reply.data() + record->data, sizeof address.address);
            addresses.push_back(address);
        }
    }
    return addresses;
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
