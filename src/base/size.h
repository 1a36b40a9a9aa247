// SPDX-License-Identifier: Apache-2.0
// Sizes in bytes as people write and read them: decimal units for what lies on disks (images,
// layers, files), binary ones for memory, as Docker has it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skiff {

/// Decimal units with `digits` (3 or 4) significant digits: "1.98MB" as in lists, "1.984MB" as in
/// sums. Where rounding reaches 1000 the next unit is taken ("1MB"; go-units says "1e+03kB").
std::string human_size(std::uint64_t bytes, int digits = 3);

/// Binary units with four significant digits: "316KiB", "23.54GiB" (go-units' BytesSize).
std::string binary_size(std::uint64_t bytes);

/// Bytes: a number, with fractions and one blank behind it if need be, then nothing, b, or k, m, g,
/// t, p alone or with "b" or "ib", in any case: "64m", "1.5 GiB". The letters mean powers of 1024
/// (go-units' RAMInBytes). Throws Error{invalid} with go-units' texts.
std::uint64_t parse_binary_size(std::string_view text);
/// The same with powers of 1000 (go-units' FromHumanSize).
std::uint64_t parse_decimal_size(std::string_view text);

}  // namespace skiff
