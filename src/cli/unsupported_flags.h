// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "cli/command.h"

namespace skiff::cli {

/// What Docker's `run` and `create` have and skiff has not yet. A flag moves from here to its
/// declaration.
std::span<const UnsupportedFlag> unsupported_container_flags();

}  // namespace skiff::cli
