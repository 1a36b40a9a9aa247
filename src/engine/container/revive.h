// SPDX-License-Identifier: Apache-2.0
// Starting again what a restart policy wants running and nobody looks after.
#pragma once

#include "engine/engine.h"

namespace skiff::engine {

/// Starts the containers with a restart policy whose monitor was killed, or which another boot
/// left. One look at a folder that is absent or empty where there are none. Never throws: what
/// cannot be started is told to engine.warn once and then left alone.
void revive(const Engine& engine);

}  // namespace skiff::engine
