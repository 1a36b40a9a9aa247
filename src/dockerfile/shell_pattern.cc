// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/shell_pattern.h"

#include <algorithm>
#include <optional>
#include <span>
#include <vector>

#include "base/error.h"
#include "dockerfile/code_point.h"

namespace skiff::dockerfile {
namespace {

constexpr std::uint32_t any_character = 0xffffffffU;
constexpr size_t max_work = size_t{1} << 28U;

using Characters = std::vector<std::uint32_t>;

/// What stands between the stars: "a*b" is {"a", "b"}, "*" is {"", ""}.
using Chunks = std::vector<Characters>;

Characters characters_of(std::string_view text) {
    Characters characters;
    characters.reserve(text.size());
    while (!text.empty()) characters.push_back(take_code_point(text));
    return characters;
}

std::string text_of(std::span<const std::uint32_t> characters) {
    std::string text;
    text.reserve(characters.size());
    for (const std::uint32_t character : characters) append_code_point(text, character);
    return text;
}

Chunks parse_pattern(std::string_view pattern, char escape, size_t value_size) {
    if (pattern.size() > 1 && value_size > max_work / pattern.size())
        throw Error(ErrorKind::invalid, "a pattern of {} bytes is too long for a value of {}",
                    pattern.size(), value_size);
    Chunks chunks(1);
    for (std::string_view rest = pattern; !rest.empty();) {
        const std::uint32_t character = take_code_point(rest);
        if (character == '*') {
            chunks.emplace_back();
        } else if (character == '?') {
            chunks.back().push_back(any_character);
        } else if (character == static_cast<unsigned char>(escape)) {
            if (rest.empty() || (std::string_view("*?/}").find(rest[0]) == std::string_view::npos &&
                                 rest[0] != escape))
                throw Error(ErrorKind::invalid,
                            "invalid pattern ({}) in substitution: invalid escape '{}{}'", pattern,
                            escape, rest.substr(0, 1));
            chunks.back().push_back(take_code_point(rest));
        } else {
            chunks.back().push_back(character);
        }
    }
    return chunks;
}

bool fits_at(const Characters& value, size_t at, const Characters& chunk) {
    if (value.size() - at < chunk.size()) return false;
    for (size_t i = 0; i < chunk.size(); ++i)
        if (chunk[i] != any_character && chunk[i] != value[at + i]) return false;
    return true;
}

std::optional<size_t> find_chunk(const Characters& value, size_t from, const Characters& chunk) {
    for (size_t at = from; at + chunk.size() <= value.size(); ++at)
        if (fits_at(value, at, chunk)) return at;
    return std::nullopt;
}

std::optional<size_t> find_last_chunk(const Characters& value, size_t from,
                                      const Characters& chunk) {
    if (value.size() < from + chunk.size()) return std::nullopt;
    for (size_t at = value.size() - chunk.size() + 1; at-- > from;)
        if (fits_at(value, at, chunk)) return at;
    return std::nullopt;
}

/// Where a match that begins at `begin` ends; the first chunk is known to fit there. Taking every
/// chunk as early as it comes leaves the most room for the next, so one pass decides.
std::optional<size_t> match_end(const Characters& value, size_t begin, const Chunks& chunks,
                                MatchLength length) {
    size_t end = begin + chunks[0].size();
    for (size_t i = 1; i < chunks.size(); ++i) {
        const bool last = i + 1 == chunks.size();
        const auto found = last && length == MatchLength::longest
                               ? find_last_chunk(value, end, chunks[i])
                               : find_chunk(value, end, chunks[i]);
        if (!found) return std::nullopt;
        end = *found + chunks[i].size();
    }
    return end;
}

std::optional<size_t> prefix_end(const Characters& value, const Chunks& chunks,
                                 MatchLength length) {
    if (!fits_at(value, 0, chunks[0])) return std::nullopt;
    return match_end(value, 0, chunks, length);
}

}  // namespace

std::string without_prefix(std::string_view value, std::string_view pattern, MatchLength length,
                           char escape) {
    const Chunks chunks = parse_pattern(pattern, escape, value.size());
    const Characters characters = characters_of(value);
    const size_t end = prefix_end(characters, chunks, length).value_or(0);
    return text_of(std::span(characters).subspan(end));
}

std::string without_suffix(std::string_view value, std::string_view pattern, MatchLength length,
                           char escape) {
    Chunks chunks = parse_pattern(pattern, escape, value.size());
    std::ranges::reverse(chunks);
    for (Characters& chunk : chunks) std::ranges::reverse(chunk);
    Characters characters = characters_of(value);
    std::ranges::reverse(characters);
    const size_t end = prefix_end(characters, chunks, length).value_or(0);
    characters.erase(characters.begin(), characters.begin() + static_cast<std::ptrdiff_t>(end));
    std::ranges::reverse(characters);
    return text_of(characters);
}

std::string with_replaced(std::string_view value, std::string_view pattern,
                          std::string_view replacement, Replace which, char escape) {
    const Chunks chunks = parse_pattern(pattern, escape, value.size());
    const Characters characters = characters_of(value);
    const std::span<const std::uint32_t> all(characters);
    std::string result;
    size_t done = 0;                     // all before is in `result`
    std::optional<size_t> match_before;  // its end
    for (size_t from = 0; from <= characters.size();) {
        // The first place where the first chunk fits leaves the most room for the others.
        const auto begin = find_chunk(characters, from, chunks[0]);
        if (!begin) break;
        const auto end = match_end(characters, *begin, chunks, MatchLength::longest);
        if (!end) break;
        // Nothing, directly behind a match, is no match of its own.
        if (*end == *begin && match_before == *begin) {
            from = *begin + 1;
            continue;
        }
        result += text_of(all.subspan(done, *begin - done));
        result += replacement;
        done = *end;
        match_before = *end;
        if (which == Replace::first) break;
        if (result.size() > max_work)
            throw Error(ErrorKind::invalid, std::string("the value becomes too long"));
        from = *end > *begin ? *end : *end + 1;
    }
    return result + text_of(all.subspan(done));
}

}  // namespace skiff::dockerfile
