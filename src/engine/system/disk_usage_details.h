// SPDX-License-Identifier: Apache-2.0
// Which image and which volume takes how much room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace skiff::engine {

struct ImageUsage {
    std::uint64_t shared = 0;  ///< bytes of layers that another image has as well
    std::uint64_t unique = 0;  ///< bytes of the others
    size_t containers = 0;     ///< made from it, running or not
};
/// By id ("sha256:…"). What is damaged is left out.
std::map<std::string, ImageUsage> image_usage(const Engine& engine);

struct VolumeUsage {
    std::string name;
    size_t links = 0;  ///< containers that use it, running or not
    std::uint64_t size = 0;
};
/// In the order in which people count. Reads every file's size, as root of the store's user
/// namespace where there is one.
std::vector<VolumeUsage> volume_usage(const Engine& engine);

}  // namespace skiff::engine
