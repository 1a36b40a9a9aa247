// SPDX-License-Identifier: Apache-2.0
// How much room skiff's data take, and how much of it could be given back.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace skiff::engine {

struct UsageRow {
    std::string type;  ///< Docker's words: "Images", "Containers", "Local Volumes", "Build Cache"
    std::uint64_t total = 0;
    std::uint64_t active = 0;       ///< that something uses, or that run
    std::uint64_t size = 0;         ///< bytes; of layers each once
    std::uint64_t reclaimable = 0;  ///< bytes that prune would free
};

/// Four rows, in this order. Reads every file's size of containers, volumes and caches, as root of
/// the store's user namespace where there is one.
std::vector<UsageRow> disk_usage(const Engine& engine);

}  // namespace skiff::engine
