// SPDX-License-Identifier: Apache-2.0
// What this machine lets containers of this user have, found by trying.
#pragma once

#include <string>

#include "engine/engine.h"

namespace skiff::engine {

/// Sentences for people: "native", or why not.
struct Tiers {
    std::string overlay;  ///< the root file system as an overlay in the store
    std::string proc;     ///< a procfs of the container's own
    std::string network;  ///< how a private network leads out
};

/// Makes each for a moment, in a child in which nobody else sees it. Says so where there is no
/// store yet, in which an overlay could be tried.
Tiers probe_tiers(const Engine& engine);

}  // namespace skiff::engine
