// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/tar_format.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <limits>

#include "base/text.h"

namespace skiff::storage {
namespace {

std::optional<int64_t> parse_base_256(std::string_view field) {
    // Two's complement, big endian; the first bit only says that this is the format.
    const bool negative = (static_cast<unsigned char>(field[0]) & 0x40U) != 0;
    const unsigned fill = negative ? 0xff : 0;
    uint64_t value = negative ? ~uint64_t{0} : 0;
    for (size_t i = 0; i < field.size(); ++i) {
        unsigned byte = static_cast<unsigned char>(field[i]);
        if (i == 0) byte = negative ? byte | 0x80U : byte & 0x7fU;
        if (value >> 56U != fill) return std::nullopt;
        value = value << 8U | byte;
    }
    const auto result = static_cast<int64_t>(value);
    if ((result < 0) != negative) return std::nullopt;
    return result;
}

}  // namespace

std::optional<int64_t> parse_tar_number(std::string_view field) {
    if (!field.empty() && (static_cast<unsigned char>(field[0]) & 0x80U) != 0)
        return parse_base_256(field);
    const size_t begin =
        std::min(field.find_first_not_of(std::string_view(" \0", 2)), field.size());
    field.remove_prefix(begin);
    field = field.substr(0, field.find('\0'));
    while (field.ends_with(' ')) field.remove_suffix(1);
    if (field.empty()) return 0;
    if (field[0] == '-') return std::nullopt;
    return parse_number<int64_t>(field, 8);
}

TarChecksum compute_tar_checksum(const TarHeader& header) {
    TarChecksum sum;
    const char* bytes = reinterpret_cast<const char*>(&header);
    constexpr size_t begin = offsetof(TarHeader, checksum);
    for (size_t i = 0; i < sizeof header; ++i) {
        const char c = i >= begin && i < begin + sizeof header.checksum ? ' ' : bytes[i];
        sum.as_unsigned += static_cast<unsigned char>(c);
        sum.as_signed += static_cast<signed char>(c);
    }
    return sum;
}

bool has_valid_checksum(const TarHeader& header) {
    const std::optional<int64_t> stored = tar_number(header.checksum);
    const TarChecksum sum = compute_tar_checksum(header);
    return stored && (*stored == sum.as_unsigned || *stored == sum.as_signed);
}

bool format_tar_octal(char* field, size_t length, uint64_t value) {
    field[length - 1] = '\0';
    for (size_t i = length - 1; i-- > 0; value >>= 3U)
        field[i] = static_cast<char>('0' + (value & 7U));
    return value == 0;
}

std::optional<std::vector<PaxRecord>> parse_pax_records(std::string_view body) {
    std::vector<PaxRecord> records;
    while (!body.empty()) {
        const size_t blank = body.find(' ');
        if (blank == std::string_view::npos) return std::nullopt;
        const std::optional<size_t> length = parse_number<size_t>(body.substr(0, blank));
        if (!length || *length < blank + 3 || *length > body.size() || body[*length - 1] != '\n')
            return std::nullopt;
        const Cut record = cut(body.substr(blank + 1, *length - blank - 2), '=');
        if (!record.found || record.before.empty() ||
            record.before.find('\0') != std::string_view::npos)
            return std::nullopt;
        records.push_back({std::string(record.before), std::string(record.after)});
        body.remove_prefix(*length);
    }
    return records;
}

void append_pax_record(std::string& body, std::string_view key, std::string_view value) {
    // The length counts its own digits: grow it until it fits.
    const size_t rest = key.size() + value.size() + 3;
    size_t length = rest + 1;
    while (std::to_string(length).size() + rest > length) ++length;
    body += std::to_string(length);
    body += ' ';
    body += key;
    body += '=';
    body += value;
    body += '\n';
}

std::optional<TarTime> parse_pax_time(std::string_view text) {
    const Cut parts = cut(text, '.');
    const std::optional<int64_t> seconds = parse_number<int64_t>(parts.before);
    if (!seconds || parts.after.find_first_not_of("0123456789") != std::string_view::npos)
        return std::nullopt;
    uint32_t nanoseconds = 0;
    for (size_t i = 0; i < 9; ++i)
        nanoseconds = nanoseconds * 10 +
                      (i < parts.after.size() ? static_cast<uint32_t>(parts.after[i] - '0') : 0);
    if (nanoseconds == 0 || parts.before[0] != '-') return TarTime{*seconds, nanoseconds};
    // -1.25 s is 0.75 s after -2 s.
    if (*seconds == std::numeric_limits<int64_t>::min()) return std::nullopt;
    return TarTime{*seconds - 1, 1'000'000'000 - nanoseconds};
}

std::optional<std::string> decode_base64(std::string_view text) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    text = text.substr(0, text.find('='));
    std::string bytes;
    unsigned bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const size_t digit = alphabet.find(c);
        if (digit == std::string_view::npos) return std::nullopt;
        bits = bits << 6U | static_cast<unsigned>(digit);
        count += 6;
        if (count < 8) continue;
        count -= 8;
        bytes += static_cast<char>(bits >> count & 0xffU);
        bits &= (1U << count) - 1;
    }
    if (count >= 6) return std::nullopt;
    return bytes;
}

std::optional<std::string> decode_percent(std::string_view text) {
    std::string bytes;
    while (!text.empty()) {
        if (text[0] != '%') {
            bytes += text[0];
            text.remove_prefix(1);
            continue;
        }
        const std::optional<uint8_t> byte = parse_number<uint8_t>(text.substr(1, 2), 16);
        if (!byte || text.size() < 3) return std::nullopt;
        bytes += static_cast<char>(*byte);
        text.remove_prefix(3);
    }
    return bytes;
}

}  // namespace skiff::storage
