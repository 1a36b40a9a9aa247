// SPDX-License-Identifier: Apache-2.0
// The control groups of a container that is about to start, as far as its command prepares them:
// where they will be, and the monitor's own place beside them.
#pragma once

#include <optional>
#include <string>

#include "base/fd.h"
#include "base/process.h"
#include "engine/container/record.h"
#include "engine/engine.h"
#include "runtime/cgroup/hierarchies.h"
#include "runtime/cgroup/location.h"
#include "runtime/cgroup/systemd_scope.h"

namespace skiff::engine {

/// The word for the groups that a container of this record has here; "" rootless, where they are
/// its scope's.
std::string groups_for(const Engine& engine, const ContainerRecord& record);

/// One per start. Where no group can be made everything here does nothing, and `info` says so.
class MonitorPlace {
  public:
    MonitorPlace(const Engine& engine, const ContainerRecord& record);

    /// clone_process with `flags`; the monitor is born in its group where it has one already.
    CloneResult clone(unsigned long long flags) const;

    /// The process must wait for `settle` before it makes children: systemd moves it.
    bool waits() const { return scope_.has_value(); }
    /// Asks for that; `pid` is the process that becomes the monitor, or its parent.
    void request(pid_t pid);
    /// Waits for what was requested. Returns the groups as one word for the monitor's command line;
    /// a refusal is told (Engine::warn), and the container goes without.
    std::string settle();
    /// The same, where nothing is waited for.
    std::string groups() const { return to_word(location_.groups); }

  private:
    const Engine& engine_;
    std::string id_;
    std::vector<runtime::CgroupHierarchy> hierarchies_;
    runtime::GroupLocation location_;
    Fd group_;
    std::optional<runtime::ScopeRequest> scope_;
};

/// Kills what is left in the groups of a container whose monitor was killed, and removes them. The
/// caller holds its lock.
void clear_leftover_groups(const Engine& engine, const std::string& id,
                           const ContainerState& state);

/// For `info`: "freezer memory", "unified by systemd", or why there are none.
std::string describe_groups(const Engine& engine);
/// For `info`: "v2", "v1", "hybrid" or "none".
std::string cgroup_version();

}  // namespace skiff::engine
