// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "engine/engine.h"

namespace skiff::engine {

/// Kills every container and removes all data and run state, also of a broken store: nothing in it
/// is parsed. The directories themselves go too. Throws SystemError naming the first object that
/// stays.
void reset_system(const Engine& engine);

}  // namespace skiff::engine
