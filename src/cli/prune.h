// SPDX-License-Identifier: Apache-2.0
// What the prune commands have in common.
#pragma once

#include <string_view>

#include "base/timestamp.h"
#include "cli/command.h"
#include "format/filters.h"

namespace skiff::cli {

/// --filter with label, label! and until.
void declare_prune_filter(CommandBuilder& command, format::Filters& filters);

/// Of until=: what was created before it is meant; the end of time where it was not given. Checks
/// the names of the filters as well. Throws Error{invalid}.
Timestamp prune_limit(const format::Filters& filters);

/// Prints the warning and asks on standard input whether to go on.
bool ask_to_prune(std::string_view warning);

}  // namespace skiff::cli
