// SPDX-License-Identifier: Apache-2.0
// The process behind one container, from exec to exit: read as a table of contents.
#pragma once

namespace skiff::engine {

/// Entered by main() when the program is called "skiff-monitor", with the descriptors of
/// monitor_process.h. Returns the process's exit status.
int monitor_role(int argc, char** argv);

}  // namespace skiff::engine
