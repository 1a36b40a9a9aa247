// SPDX-License-Identifier: Apache-2.0
// What the build cache holds, and how it gets smaller.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "engine/engine.h"
#include "storage/store.h"

namespace skiff::engine {

struct CachedStep {
    std::string id;    ///< 64 hexadecimal digits
    std::string kind;  ///< Docker's words: "regular", "exec.cachemount"
    std::string text;  ///< the instruction; of a cache only what it is
    std::uint64_t size = 0;
    Timestamp created;
    Timestamp used;
    bool in_use = false;  ///< an image has its layer, or a step uses the cache right now
};
/// Newest use first.
std::vector<CachedStep> list_build_cache(const Engine& engine);

struct CachePruneRequest {
    bool all = false;                     ///< those too whose layers images have
    Timestamp before = Timestamp::max();  ///< used last before that
    std::uint64_t keep_bytes = 0;         ///< the newest ones that fit in are kept
};
struct PrunedCache {
    std::vector<std::string> ids;
    std::uint64_t reclaimed = 0;  ///< bytes of layers that nothing else has
};
PrunedCache prune_build_cache(const Engine& engine, const CachePruneRequest& request);

/// After a build: nobody prunes by hand. Entries that were not used for two months go, and the
/// oldest of what is more than a tenth of the disk (10 GB at least).
void trim_build_cache(const Engine& engine, const storage::Store& store);

}  // namespace skiff::engine
