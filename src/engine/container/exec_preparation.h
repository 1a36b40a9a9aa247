// SPDX-License-Identifier: Apache-2.0
// From a request of `exec` and the container's record to a plan that only needs to be joined.
#pragma once

#include <optional>

#include "engine/container/container_files.h"
#include "engine/container/exec_request.h"
#include "monitor/stdio.h"
#include "runtime/cgroup/container_groups.h"
#include "runtime/plan/launch_plan.h"
#include "runtime/seccomp/program.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

struct ExecPreparation {
    std::optional<runtime::SeccompProgram> seccomp;  ///< holds what plan.seccomp points to
    runtime::LaunchPlan plan;
    std::optional<runtime::IdMaps> nested;
    monitor::ContainerIo io;
    runtime::ContainerGroups groups;  ///< what the plan enters; outlives it
    Fd inner_group;                   ///< in place of the v2 one of them, which takes no process
};

/// `init_pidfd` is of the container's first process, which lives. Throws Error{conflict} when it
/// has ended, and what resolving the user throws.
ExecPreparation prepare_exec(const Engine& engine, const ContainerFiles& files, ExecRequest request,
                             int init_pidfd, runtime::ConsoleSize size);

}  // namespace skiff::engine
