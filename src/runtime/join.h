// SPDX-License-Identifier: Apache-2.0
// Starts a further process in a running container (exec).
#pragma once

#include "runtime/launch.h"

namespace skiff::runtime {

struct JoinTarget {
    int init_pidfd = -1;  ///< of the container's first process, not owned
    /// Maps of the container's own user namespace, as the caller's counts; with CLONE_NEWUSER only.
    const IdMaps* nested = nullptr;
};

/// Starts the plan's program in the namespaces plan.clone_flags of the container, and returns when
/// it runs. Of the plan only what concerns a process counts: nothing is mounted, masked or made.
///
/// plan.root is the container's root directory as seen in its own mount namespace. The caller has
/// one thread, is root of the user namespace that the container's is (or is below of), and runs
/// from a sealed file (sealed_exec.h): its copy enters the container. The new process is its child.
/// Throws as launch().
Launched join(LaunchPlan plan, const JoinTarget& target);

}  // namespace skiff::runtime
