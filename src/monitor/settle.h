// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace skiff::monitor {

/// Makes this process what it stays until the container's end: unreachable and small. Called once,
/// after the set-up and before Supervisor::run.
///
/// Names the process `name` (15 bytes are kept), makes it non-dumpable, so that no process of the
/// same user can read its memory or open its descriptors and namespaces through /proc, and gives
/// memory that the set-up used and freed back to the kernel. Throws SystemError when the process
/// stays dumpable.
void settle(const std::string& name);

}  // namespace skiff::monitor
