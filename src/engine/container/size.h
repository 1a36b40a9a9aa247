// SPDX-License-Identifier: Apache-2.0
// How much room containers take.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>

#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

struct ContainerSize {
    std::uint64_t own = 0;   ///< bytes in the files that it made or changed (Docker's SizeRw)
    std::uint64_t root = 0;  ///< those and the image's (Docker's SizeRootFs)
};

/// Reads every directory of the containers' upper layers, as root of the store's user namespace
/// where there is one. By id; without a store there are none.
std::map<std::string, ContainerSize> container_sizes(const Engine& engine,
                                                     std::span<const ContainerRecord> records);

}  // namespace skiff::engine
