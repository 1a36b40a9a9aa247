// SPDX-License-Identifier: Apache-2.0
// Hooks of the OCI specification, which CDI devices bring: programs of the host at points of a
// container's life.
// https://github.com/opencontainers/runtime-spec/blob/main/config.md#posix-platform-hooks
//
//   prestart, createRuntime  by the monitor, while init waits with its mounts made
//   createContainer          by init, in the container's namespaces, before it leaves the host's
//                            tree (runtime/init/hooks.cc)
//   poststart, poststop      by the monitor, when the program runs and when it has ended
//
// Each reads the container's state on its standard input, and finds the bundle (config.json, with
// the place of the root) beside the container's files. Process ids are those of the host's /proc,
// which is what a hook sees.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/process.h"
#include "engine/container/container_files.h"
#include "oci/runtime_spec.h"
#include "runtime/plan/launch_plan.h"

namespace skiff::engine {

class ContainerHooks {
  public:
    ContainerHooks(const ContainerFiles& files, oci::RuntimeSpec spec);

    /// Makes the bundle, and gives the plan the hooks of init.
    void prepare(runtime::LaunchPlan& plan);
    /// Init is there and waits: what its hooks read is completed.
    void note_process(const Child& init);
    bool wants_mounted() const;
    /// prestart and createRuntime. Throws Error naming the hook that failed, with what it said.
    void run_mounted() const;
    /// Returns what failed, in sentences: the container goes on.
    std::vector<std::string> run_started() const;
    std::vector<std::string> run_stopped() const;

  private:
    bool has(std::string_view name) const;
    std::string state(std::string_view status) const;
    std::vector<std::string> run_each(std::string_view name, std::string_view status) const;

    const ContainerFiles& files_;
    oci::RuntimeSpec spec_;
    std::string bundle_;
    Fd state_file_;
    pid_t pid_ = 0;
};

}  // namespace skiff::engine
