// SPDX-License-Identifier: Apache-2.0
// One loop for the verbs over many names: try all, print each, report each failure.
#pragma once

#include "cli/exit_code.h"
#include "cli/output.h"

namespace skiff::cli {

/// Calls `act(item)` for each item; an Error is printed and the next item tried. Returns the worst
/// status. `act` prints what it did (usually the name as typed) once it has done it.
template <typename Items, typename Act>
ExitCode for_each_reporting(const Items& items, Act&& act) {
    ExitCode result = ExitCode::ok;
    for (const auto& item : items) {
        try {
            act(item);
        } catch (const Error& error) {
            flush_output();  // in the order of the names where both streams go to one place
            print_error(error);
            result = worse_of(result, exit_code_of(error.kind(), ExitRules::objects));
        }
    }
    return result;
}

}  // namespace skiff::cli
