// SPDX-License-Identifier: Apache-2.0
// How much room text takes on a terminal.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace skiff {

/// Columns of a terminal that `text` (UTF-8) takes: two for East Asian wide characters and emoji,
/// none for combining ones, one for each byte that is not UTF-8 and each control character.
size_t display_width(std::string_view text);

/// `text` cut to `width` columns (at least 1), the last of which is then "…".
std::string shortened(std::string_view text, size_t width);

}  // namespace skiff
