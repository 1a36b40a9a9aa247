// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace skiff::cli {

/// The command line: parses, runs one command, prints its error if there is one; returns the exit
/// status.
int cli_main(int argc, char** argv);

}  // namespace skiff::cli
