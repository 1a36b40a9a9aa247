// SPDX-License-Identifier: Apache-2.0
// How many bytes lie below a directory whose content is not trusted.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace skiff {

/// The sum of the sizes of everything but directories below the trusted path `directory`, as moby
/// counts: a file with several links once. Links are not followed, other file systems not entered;
/// what vanishes meanwhile does not count, nor what lies deeper than a path can say (4096 bytes).
/// Nothing when there is no such directory. Throws SystemError.
std::optional<std::uint64_t> find_tree_size(const std::string& directory);

}  // namespace skiff
