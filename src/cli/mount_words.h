// SPDX-License-Identifier: Apache-2.0
// What -v, --mount and --tmpfs have in common.
#pragma once

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "engine/container/mount_request.h"

namespace skiff::cli {

template <size_t n>
bool is_one_of(std::string_view word, const std::array<std::string_view, n>& words) {
    return std::ranges::find(words, word) != words.end();
}

inline constexpr std::array<std::string_view, 6> propagations{"private", "rprivate", "shared",
                                                              "rshared", "slave",    "rslave"};

/// A host path that begins with "." is relative to the working directory.
std::string absolute_source(std::string_view source);

/// The reason why `mount` cannot replace the container's own procfs, or "".
std::string proc_problem(const engine::MountRequest& mount);

}  // namespace skiff::cli
