// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_entry.h"

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>

namespace skiff::monitor {
namespace {

using Word = std::uint64_t;
constexpr Word ones = 0x0101010101010101;
constexpr Word tops = 0x8080808080808080;
constexpr std::size_t word_size = sizeof(Word);

/// The top bit of each byte of `word` that equals `c`; a byte above a hit may be a false hit.
constexpr Word equal_to(Word word, unsigned char c) {
    const Word difference = word ^ (ones * c);
    return (difference - ones) & ~difference & tops;
}

/// Likewise for the bytes that JSON or Docker does not let through as they are, and all that is not
/// ASCII.
constexpr Word needs_care(Word word) {
    const Word control = (word - ones * 0x20) & ~word;
    return ((control | word) & tops) | equal_to(word, '"') | equal_to(word, '\\') |
           equal_to(word, '<') | equal_to(word, '>') | equal_to(word, '&');
}

Word load(const char* from) {
    Word word = 0;
    std::memcpy(&word, from, word_size);
    return word;
}

/// Bytes in front of the first hit. Carries make false hits only above a true one, so the first is
/// true.
std::size_t first_hit(Word hits) {
    if constexpr (std::endian::native == std::endian::little)
        return static_cast<std::size_t>(std::countr_zero(hits)) / 8;
    return 0;  // big-endian: the carries run the other way, so byte by byte
}

/// Sixteen bytes at a time, in whatever vectors the processor has (GCC's and clang's extension):
/// this is the inner loop of every container that talks.
using Block [[gnu::vector_size(16)]] = unsigned char;
constexpr std::size_t block_size = sizeof(Block);

/// 0xff for each byte that needs care, see needs_care(Word), but exact.
Block needs_care(Block block) {
    // '<' and '>' differ in one bit, '"' and '&' in another.
    return (block < 0x20) | (block >= 0x80) | ((block & 0xfd) == 0x3c) | ((block & 0xfb) == 0x22) |
           (block == '\\');
}

/// Bytes of `hits` in front of the first that is not 0; all when there is none.
std::size_t first_hit(Block hits) {
    Word halves[2];
    std::memcpy(halves, &hits, block_size);
    if ((halves[0] | halves[1]) == 0) return block_size;
    return halves[0] != 0 ? first_hit(halves[0]) : word_size + first_hit(halves[1]);
}

char* put(char* to, std::string_view text) {
    std::memcpy(to, text.data(), text.size());
    return to + text.size();
}

constexpr std::string_view hex = "0123456789abcdef";

/// Length of the valid UTF-8 sequence at the front of `text`, 0 when there is none (RFC 3629: no
/// surrogates, no overlong forms, nothing beyond U+10FFFF).
std::size_t utf8_length(std::string_view text) {
    const auto at = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned char first = at(0);
    const std::size_t length = first < 0x80   ? 1
                               : first < 0xc2 ? 0
                               : first < 0xe0 ? 2
                               : first < 0xf0 ? 3
                               : first < 0xf5 ? 4
                                              : 0;
    if (length < 2 || text.size() < length) return length == 1 ? 1 : 0;
    const unsigned char low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
    if (at(1) < low || at(1) > high) return 0;
    for (std::size_t i = 2; i < length; ++i)
        if ((at(i) & 0xc0) != 0x80) return 0;
    return length;
}

/// Writes the first character of `text`, escaped where needed, and takes it off.
char* put_one(char* to, std::string_view& text) {
    const char c = text[0];
    const auto byte = static_cast<unsigned char>(c);
    std::size_t length = 1;
    if (byte >= 0x80) {
        length = utf8_length(text);
        if (length == 0) {
            to = put(to, "\\ufffd");
            length = 1;
        } else if (text.starts_with("\xe2\x80\xa8") || text.starts_with("\xe2\x80\xa9")) {
            to = put(to, text[2] == '\xa8' ? "\\u2028" : "\\u2029");
        } else {
            to = put(to, text.substr(0, length));
        }
    } else if (c == '"' || c == '\\') {
        *to++ = '\\';
        *to++ = c;
    } else if (c == '\n') {
        to = put(to, "\\n");
    } else if (c == '\r') {
        to = put(to, "\\r");
    } else if (byte < 0x20 || c == '<' || c == '>' || c == '&') {
        to = put(to, "\\u00");
        *to++ = hex[byte >> 4];
        *to++ = hex[byte & 15];
    } else {
        *to++ = c;
    }
    text.remove_prefix(length);
    return to;
}

char* put_escaped(char* to, std::string_view text) {
    // The room is six bytes for each byte, so a whole block or word always fits.
    while (text.size() >= block_size) {
        Block block;
        std::memcpy(&block, text.data(), block_size);
        std::memcpy(to, &block, block_size);
        const std::size_t plain = first_hit(needs_care(block));
        to += plain;
        text.remove_prefix(plain);
        if (plain < block_size) to = put_one(to, text);
    }
    while (text.size() >= word_size) {
        const Word word = load(text.data());
        const Word hits = needs_care(word);
        std::memcpy(to, &word, word_size);
        if (hits == 0) {
            to += word_size;
            text.remove_prefix(word_size);
            continue;
        }
        const std::size_t plain = first_hit(hits);
        text.remove_prefix(plain);
        to = put_one(to + plain, text);
    }
    while (!text.empty()) to = put_one(to, text);
    return to;
}

std::optional<std::uint32_t> take_hex4(std::string_view& text) {
    if (text.size() < 4) return std::nullopt;
    std::uint32_t value = 0;
    for (const char c : text.substr(0, 4)) {
        const std::size_t digit = hex.find(static_cast<char>(c >= 'A' && c <= 'F' ? c + 32 : c));
        if (digit == std::string_view::npos) return std::nullopt;
        value = value << 4 | static_cast<std::uint32_t>(digit);
    }
    text.remove_prefix(4);
    return value;
}

void append_utf8(std::string& to, std::uint32_t code) {
    const auto push = [&](std::uint32_t byte) { to += static_cast<char>(byte); };
    const auto follow = [&](unsigned shift) { push(0x80 | (code >> shift & 0x3f)); };
    if (code < 0x80) {
        push(code);
    } else if (code < 0x800) {
        push(0xc0 | code >> 6);
        follow(0);
    } else if (code < 0x10000) {
        push(0xe0 | code >> 12);
        follow(6);
        follow(0);
    } else {
        push(0xf0 | code >> 18);
        follow(12);
        follow(6);
        follow(0);
    }
}

/// Takes what follows a backslash and "u"; a surrogate without its partner becomes U+FFFD.
bool take_unicode(std::string_view& text, std::string* to) {
    auto code = take_hex4(text);
    if (!code) return false;
    if (*code >= 0xd800 && *code < 0xdc00 && text.starts_with("\\u")) {
        std::string_view rest = text.substr(2);
        const auto low = take_hex4(rest);
        if (low && *low >= 0xdc00 && *low < 0xe000) {
            code = 0x10000 + ((*code - 0xd800) << 10) + (*low - 0xdc00);
            text = rest;
        }
    }
    if (to != nullptr) append_utf8(*to, *code >= 0xd800 && *code < 0xe000 ? 0xfffd : *code);
    return true;
}

/// Takes a JSON string that begins behind its quote, and the closing quote. `to` may be null.
bool take_string(std::string_view& text, std::string* to) {
    for (;;) {
        std::size_t plain = 0;
        while (text.size() - plain >= word_size) {
            const Word word = load(text.data() + plain);
            const Word hits = equal_to(word, '"') | equal_to(word, '\\');
            plain += hits == 0 ? word_size : first_hit(hits);
            if (hits != 0) break;
        }
        while (plain < text.size() && text[plain] != '"' && text[plain] != '\\') ++plain;
        if (plain == text.size()) return false;
        if (to != nullptr) to->append(text.data(), plain);
        const bool ended = text[plain] == '"';
        text.remove_prefix(plain + 1);
        if (ended) return true;
        if (text.empty()) return false;
        const char escape = text[0];
        text.remove_prefix(1);
        if (escape == 'u') {
            if (!take_unicode(text, to)) return false;
            continue;
        }
        constexpr std::string_view names = "\"\\/bfnrt";
        constexpr std::string_view values = "\"\\/\b\f\n\r\t";
        const std::size_t index = names.find(escape);
        if (index == std::string_view::npos) return false;
        if (to != nullptr) *to += values[index];
    }
}

bool take(std::string_view& text, char c) {
    while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
    if (text.empty() || text[0] != c) return false;
    text.remove_prefix(1);
    return true;
}

/// Takes any value: a string, a number or word, or brackets with their content.
bool skip_value(std::string_view& text) {
    std::size_t depth = 0;
    do {
        while (!text.empty() && text[0] == ' ') text.remove_prefix(1);
        if (text.empty()) return false;
        const char c = text[0];
        if (c == '"') {
            text.remove_prefix(1);
            if (!take_string(text, nullptr)) return false;
        } else if (c == '{' || c == '[') {
            text.remove_prefix(1);
            ++depth;
        } else if (c == '}' || c == ']') {
            if (depth == 0) return false;
            text.remove_prefix(1);
            --depth;
        } else if (depth > 0 && (c == ',' || c == ':')) {
            text.remove_prefix(1);
        } else {
            const std::size_t end = text.find_first_of(",:]} \"[{");
            if (end == 0 || end == std::string_view::npos) return false;
            text.remove_prefix(end);
        }
    } while (depth > 0);
    return true;
}

/// Takes a string that holds no escape (a key, a stream's name, a time).
bool take_plain(std::string_view& text, std::string_view& value) {
    if (!take(text, '"')) return false;
    const std::size_t end = text.find_first_of("\"\\");
    if (end == std::string_view::npos || text[end] != '"') return false;
    value = text.substr(0, end);
    text.remove_prefix(end + 1);
    return true;
}

char* write_json_entry(char* to, std::string_view text, bool ends_line, Stream stream,
                       std::string_view time, std::string_view attributes) {
    to = put(to, "{\"log\":\"");
    to = put_escaped(to, text);
    if (ends_line) to = put(to, "\\n");
    to =
        put(to, stream == Stream::errors ? "\",\"stream\":\"stderr\"" : "\",\"stream\":\"stdout\"");
    if (!attributes.empty()) {
        to = put(to, ",\"attrs\":");
        to = put(to, attributes);
    }
    to = put(to, ",\"time\":\"");
    to = put(to, time);
    return put(to, "\"}\n");
}

char* write_local_entry(char* to, std::string_view text, bool ends_line, Stream stream,
                        std::string_view time) {
    to = put(to, time);
    to = put(to, stream == Stream::errors ? " stderr " : " stdout ");
    to = put(to, ends_line ? "F " : "P ");
    to = put(to, text);
    *to = '\n';
    return to + 1;
}

bool parse_json_entry(std::string_view line, LogEntry& entry) {
    entry.text.clear();
    entry.time = {};
    bool has_text = false;
    bool has_stream = false;
    if (!take(line, '{')) return false;
    do {
        std::string_view key;
        if (!take_plain(line, key) || !take(line, ':')) return false;
        if (key == "log") {
            entry.text.clear();
            if (!take(line, '"') || !take_string(line, &entry.text)) return false;
            has_text = true;
        } else if (key == "stream") {
            std::string_view name;
            if (!take_plain(line, name) || (name != "stdout" && name != "stderr")) return false;
            entry.stream = name == "stderr" ? Stream::errors : Stream::output;
            has_stream = true;
        } else if (key == "time") {
            if (!take_plain(line, entry.time)) return false;
        } else if (!skip_value(line)) {
            return false;
        }
    } while (take(line, ','));
    return take(line, '}') && has_text && has_stream && !entry.time.empty();
}

bool parse_local_entry(std::string_view line, LogEntry& entry) {
    const std::size_t time = line.find(' ');
    if (time == 0 || time == std::string_view::npos) return false;
    const std::string_view rest = line.substr(time);
    constexpr std::size_t head = 10;  // " stdout F "
    const bool output = rest.starts_with(" stdout ");
    if (rest.size() < head || (!output && !rest.starts_with(" stderr "))) return false;
    const bool ends_line = rest[head - 2] == 'F';
    if ((!ends_line && rest[head - 2] != 'P') || rest[head - 1] != ' ') return false;
    entry.time = line.substr(0, time);
    entry.stream = output ? Stream::output : Stream::errors;
    entry.text.assign(rest.substr(head));
    if (ends_line) entry.text += '\n';
    return true;
}

}  // namespace

char* write_entry(char* to, LogFormat format, std::string_view text, bool ends_line, Stream stream,
                  std::string_view time, std::string_view attributes) {
    return format == LogFormat::json_file
               ? write_json_entry(to, text, ends_line, stream, time, attributes)
               : write_local_entry(to, text, ends_line, stream, time);
}

std::string json_string(std::string_view text) {
    std::string to(entry_room(text.size()), '\0');
    to[0] = '"';
    char* end = put_escaped(to.data() + 1, text);
    *end++ = '"';
    to.resize(static_cast<std::size_t>(end - to.data()));
    return to;
}

bool parse_entry(LogFormat format, std::string_view line, LogEntry& entry) {
    return format == LogFormat::json_file ? parse_json_entry(line, entry)
                                          : parse_local_entry(line, entry);
}

}  // namespace skiff::monitor
