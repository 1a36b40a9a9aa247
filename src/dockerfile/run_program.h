// SPDX-License-Identifier: Apache-2.0
// From a RUN instruction to what is executed.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dockerfile/instruction.h"

namespace skiff::dockerfile {

struct RunProgram {
    std::vector<std::string> argv;
    /// Not empty: a script with a line "#!…", to be there during the step as an executable,
    /// read-only file at `script_path`, which is then all of argv.
    std::string script;
    std::string script_path;  ///< /dev/pipes/NAME
};

/// The exec form as it is; the shell form through `shell` (SHELL; empty: /bin/sh -c). `RUN <<EOF`
/// runs the document itself: by the shell, or as a script when it begins with "#!". In any other
/// line with heredocs the shell reads them.
RunProgram run_program(const Run& run, std::span<const std::string> shell);

}  // namespace skiff::dockerfile
