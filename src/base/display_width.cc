// SPDX-License-Identifier: Apache-2.0
#include "base/display_width.h"

#include <algorithm>
#include <span>

#include "base/display_width_table.h"

namespace skiff {
namespace {

struct Character {
    char32_t value = 0;
    size_t bytes = 1;
};

/// The first character; a byte that is not UTF-8 counts as one character.
Character first_character(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const size_t bytes = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (bytes == 1 || text.size() < bytes) return {lead, 1};
    char32_t value = lead & (0xffU >> (bytes + 1));
    for (size_t i = 1; i < bytes; ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        if ((byte & 0xc0U) != 0x80) return {lead, 1};
        value = value << 6U | (byte & 0x3fU);
    }
    return {value, bytes};
}

bool within(char32_t value, std::span<const WidthRange> ranges) {
    const auto next = std::ranges::upper_bound(ranges, value, {}, &WidthRange::first);
    return next != ranges.begin() && value <= std::prev(next)->last;
}

size_t columns_of(char32_t value) {
    if (value < 0x300) return 1;
    if (within(value, no_columns)) return 0;
    return within(value, two_columns) ? 2 : 1;
}

}  // namespace

size_t display_width(std::string_view text) {
    size_t width = 0;
    while (!text.empty()) {
        const Character character = first_character(text);
        width += columns_of(character.value);
        text.remove_prefix(character.bytes);
    }
    return width;
}

std::string shortened(std::string_view text, size_t width) {
    // Each column needs a byte at least, so most texts need not be looked at.
    if (text.size() <= width || display_width(text) <= width) return std::string(text);
    size_t used = 1;  // the ellipsis
    size_t end = 0;
    while (end < text.size()) {
        const Character character = first_character(text.substr(end));
        used += columns_of(character.value);
        if (used > width) break;
        end += character.bytes;
    }
    return std::string(text.substr(0, end)) + "…";
}

}  // namespace skiff
