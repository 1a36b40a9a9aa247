// SPDX-License-Identifier: Apache-2.0
// The patterns of ${x#p}, ${x%p} and ${x/p/w}: '*' is any text, '?' any character, an escape before
// '*', '?', '/', '}' or itself makes that one ordinary. No brackets.
#pragma once

#include <string>
#include <string_view>

namespace skiff::dockerfile {

enum class MatchLength { shortest, longest };

/// `value` without the prefix that fits; all of it when none does. Like all here it throws
/// Error{invalid} for a bad pattern, and for one that is so long that matching `value` would take
/// long: the work is at most the product of the lengths.
std::string without_prefix(std::string_view value, std::string_view pattern, MatchLength length,
                           char escape);
std::string without_suffix(std::string_view value, std::string_view pattern, MatchLength length,
                           char escape);

enum class Replace { first, all };
/// `value` with the leftmost, longest match (or each such match, one after the other) replaced. An
/// empty pattern fits before the first character, or with `all` around each.
std::string with_replaced(std::string_view value, std::string_view pattern,
                          std::string_view replacement, Replace which, char escape);

}  // namespace skiff::dockerfile
