// SPDX-License-Identifier: Apache-2.0
#include "dockerfile/code_point.h"

namespace skiff::dockerfile {
namespace {

constexpr std::uint32_t stray_byte = 0x110000;

/// How many bytes the first character has; 1 for a stray byte, which `valid` tells.
size_t length_of(std::string_view text, bool& valid) {
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    valid = first < 0x80;
    if (valid || first < 0xc2 || first > 0xf4) return 1;
    const size_t length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (text.size() < length) return 1;
    for (size_t i = 1; i < length; ++i)
        if ((byte(i) & 0xc0U) != 0x80) return 1;
    // Overlong forms, surrogates, and what is above U+10FFFF.
    if ((first == 0xe0 && byte(1) < 0xa0) || (first == 0xed && byte(1) > 0x9f) ||
        (first == 0xf0 && byte(1) < 0x90) || (first == 0xf4 && byte(1) > 0x8f))
        return 1;
    valid = true;
    return length;
}

}  // namespace

std::uint32_t take_code_point(std::string_view& text) {
    bool valid = false;
    const size_t length = length_of(text, valid);
    const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
    std::uint32_t value = byte(0);
    if (!valid) value += stray_byte;
    if (length > 1) {
        value &= 0xffU >> (length + 1);
        for (size_t i = 1; i < length; ++i) value = value << 6U | (byte(i) & 0x3fU);
    }
    text.remove_prefix(length);
    return value;
}

void append_code_point(std::string& text, std::uint32_t character) {
    const auto append = [&](std::uint32_t byte) { text += static_cast<char>(byte); };
    const auto continuation = [&](unsigned shift) { append(0x80U | (character >> shift & 0x3fU)); };
    if (character >= stray_byte) {
        append(character - stray_byte);
    } else if (character < 0x80) {
        append(character);
    } else if (character < 0x800) {
        append(0xc0U | character >> 6U);
        continuation(0);
    } else if (character < 0x10000) {
        append(0xe0U | character >> 12U);
        continuation(6);
        continuation(0);
    } else {
        append(0xf0U | character >> 18U);
        continuation(12);
        continuation(6);
        continuation(0);
    }
}

}  // namespace skiff::dockerfile
