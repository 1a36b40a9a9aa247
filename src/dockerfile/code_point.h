// SPDX-License-Identifier: Apache-2.0
// UTF-8 for patterns, where '?' is one character. Bytes that are not UTF-8 are characters of their
// own and come out as they went in.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skiff::dockerfile {

/// Takes the first character of `text`, which is not empty. A stray byte is 0x110000 plus its
/// value.
std::uint32_t take_code_point(std::string_view& text);
/// The inverse.
void append_code_point(std::string& text, std::uint32_t character);

}  // namespace skiff::dockerfile
