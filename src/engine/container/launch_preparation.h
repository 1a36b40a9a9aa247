// SPDX-License-Identifier: Apache-2.0
// From a record to a plan that only needs to be launched. Runs in the monitor: as root of the
// store's user namespace, in a mount namespace of its own.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/container/container_files.h"
#include "engine/container/container_hooks.h"
#include "engine/container/shared_sources.h"
#include "engine/container/spec_builder.h"
#include "engine/container/user.h"
#include "monitor/stdio.h"
#include "oci/runtime_spec.h"
#include "runtime/cgroup/container_groups.h"
#include "runtime/plan/launch_plan.h"
#include "runtime/plan/plan_builder.h"
#include "runtime/seccomp/program.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

struct Preparation {
    std::optional<runtime::SeccompProgram> seccomp;  ///< holds what plan.seccomp points to
    runtime::LaunchPlan plan;
    /// With --runtime: what that one runs. The plan then has no filter and no open sources.
    std::optional<oci::RuntimeSpec> spec;
    std::optional<runtime::IdMaps> nested;  ///< maps of a user namespace of the container's own
    FileLock built_in_lock;  ///< keeps the layer of a built-in image; to be held until the
                             ///< container has ended
    std::vector<std::string> unenforced;  ///< of `less`: limits
    std::vector<std::string> less;        ///< sentences: what it gets less of than was asked
    ContainerUser user;
    std::vector<std::string> device_environment;  ///< of CDI devices
    /// Of CDI devices, where we run them; with --runtime it does.
    std::optional<ContainerHooks> hooks;
    monitor::ContainerIo io;  ///< the monitor's ends; a terminal's master comes from the launch
};

/// Mounts the root file system, finds the user in it, writes the files of /etc, builds spec and
/// plan, opens sources and pipes. `groups` is lent to the plan and must outlive the launch.
Preparation prepare_launch(const Engine& engine, const ContainerFiles& files,
                           const ContainerRecord& record, const runtime::ContainerGroups& groups,
                           SharedSources& shared, runtime::ConsoleSize size);

/// Connects a program without a terminal with pipes, on both sides.
void connect_by_pipes(bool with_input, runtime::LaunchPlan& plan, monitor::ContainerIo& io);

}  // namespace skiff::engine
