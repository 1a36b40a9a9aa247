// SPDX-License-Identifier: Apache-2.0
// "Did you mean …?"
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace skiff {

/// Edits (insert, remove, replace, swap neighbours) that make `a` into `b`.
size_t edit_distance(std::string_view a, std::string_view b);

/// The word that was probably meant: the nearest of `known` at one edit from a short word, two from
/// a longer one; the first of equals. Empty when none is near.
std::string_view near_word(std::string_view word, std::span<const std::string_view> known);

}  // namespace skiff
