// SPDX-License-Identifier: Apache-2.0
// A build as people know it from BuildKit: on a terminal a list of steps that is painted in place,
// elsewhere a line for everything that happens, quietly nothing until something fails.
#pragma once

#include <memory>
#include <string>

#include "engine/build/events.h"

namespace skiff::cli {

/// `progress`: "auto", "plain", "tty" or "quiet", as typed. All of it goes to standard error.
/// Throws Error{invalid} for another word.
std::unique_ptr<engine::BuildEvents> make_build_display(const std::string& progress, bool quiet);

}  // namespace skiff::cli
