// SPDX-License-Identifier: Apache-2.0
#include "cli/exit_code.h"

#include <algorithm>

namespace skiff::cli {

ExitCode exit_code_of(ErrorKind kind, ExitRules rules) {
    switch (kind) {
        case ErrorKind::cannot_execute:
            return ExitCode::cannot_execute;
        case ErrorKind::command_missing:
            return ExitCode::command_missing;
        case ErrorKind::not_found:
            return rules == ExitRules::objects ? ExitCode::not_found : ExitCode::failure;
        case ErrorKind::in_use:
            return rules == ExitRules::objects ? ExitCode::in_use : ExitCode::failure;
        case ErrorKind::usage:
        case ErrorKind::invalid:
        case ErrorKind::conflict:
        case ErrorKind::unsupported:
        case ErrorKind::denied:
        case ErrorKind::system:
            break;
    }
    return ExitCode::failure;
}

ExitCode worse_of(ExitCode a, ExitCode b) {
    return std::max(a, b);
}

}  // namespace skiff::cli
