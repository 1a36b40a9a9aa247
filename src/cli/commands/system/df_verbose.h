// SPDX-License-Identifier: Apache-2.0
// `system df -v`: Docker's sections, with a row for each thing that takes room.
#pragma once

#include <string>

#include "engine/engine.h"

namespace skiff::cli {

std::string verbose_usage(const engine::Engine& engine);

}  // namespace skiff::cli
