// SPDX-License-Identifier: Apache-2.0
// What a registry has to offer: `search`.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace skiff::engine {

struct SearchResult {
    std::string name;
    std::string description;
    long long stars = 0;
    bool official = false;
};

/// "TERM" is looked for at Docker Hub (search version 1), "HOST/TERM" at another registry: among
/// the names of all its repositories, where it tells them, else by version 1. At most `limit`
/// results, 1 to 100. Throws Error{denied} or what else the registry says.
std::vector<SearchResult> search_registry(const Engine& engine, const std::string& term, int limit);

}  // namespace skiff::engine
