// SPDX-License-Identifier: Apache-2.0
// The groups of one container, made or found again by their recorded paths.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "runtime/cgroup/device_rules.h"
#include "runtime/cgroup/limits.h"
#include "runtime/cgroup/location.h"

namespace skiff::runtime {

/// Descriptors of the groups' directories. Copies of the paths are what is recorded; the groups
/// outlive this object and are removed by remove() only.
///
/// Not thread-safe; may be used by any process that may write to the groups: the monitor, or a
/// command of the same user. Pids are as the caller's pid namespace counts them.
class ContainerGroups {
  public:
    /// None: every question is answered with nothing, every order does nothing.
    ContainerGroups() = default;

    /// Makes the groups of container `id`. What an earlier life left in them is killed. Groups that
    /// cannot be made here (read-only, not allowed, gone) are left out; so are those that do not
    /// belong to `id`. Throws SystemError when the kernel refuses for another reason.
    /// `controllers` (names of v1) are handed on to them where v2 needs that.
    static ContainerGroups create(std::vector<ContainerGroup> wanted, std::string_view id,
                                  const std::vector<std::string_view>& controllers = {});
    /// Takes the processes into those of `wanted` that are not among ours yet, and has the others
    /// handed `controllers`: for limits that come later. What cannot be had is left out. Throws
    /// SystemError when a process cannot be moved.
    void extend(std::vector<ContainerGroup> wanted, std::string_view id,
                const std::vector<std::string_view>& controllers);
    /// Opens those that are still there, and belong to `id`.
    static ContainerGroups open(std::vector<ContainerGroup> recorded, std::string_view id);

    bool empty() const { return groups_.empty(); }
    /// For state.json.
    std::vector<ContainerGroup> recorded() const;

    // ---- joining

    /// For clone3's CLONE_INTO_CGROUP; -1: none. Borrowed.
    int unified() const;
    /// v1: each file open for writing; a new process writes "0" to become a member. (Moving another
    /// process by cgroup.procs waits for all processors: 10 ms against 0.05, Linux 6.18.)
    std::vector<Fd> open_task_files() const;

    // ---- all of its processes

    bool can_freeze() const;
    /// Returns when every process stands still. Throws Error{unsupported} without a freezer,
    /// Error{system} when some did not stop within `patience` (they are thawed again).
    void freeze(std::chrono::milliseconds patience) const;
    void thaw() const;
    bool is_frozen() const;
    /// SIGKILL to every process, frozen or not, also those that are made meanwhile; returns when
    /// the groups are empty or after `patience`: false then.
    bool kill_all(std::chrono::milliseconds patience) const;
    /// Of the container and of sub-groups that it made.
    std::vector<pid_t> pids() const;

    // ---- memory

    /// Processes that the kernel killed for want of memory; 0 where nobody counts.
    std::uint64_t oom_kills() const;
    /// Becomes ready at each such event from now on; invalid where nobody counts. On v1 the event
    /// is the want, of which the kill is the consequence a moment later.
    struct OomEvent {
        Fd fd;
        short events = 0;  ///< to poll for
    };
    OomEvent open_oom_event() const;
    /// It is not ready any more, until the next one.
    static void take_oom_event(int fd);

    // ---- limits

    /// Sets them. What cannot be enforced on this machine is returned, a sentence each, with reason
    /// and remedy; a value that the kernel refuses is thrown as SystemError naming limit and file.
    std::vector<std::string> apply(const GroupLimits& limits) const;

    /// Lets the container's processes open what `rules` allow and nothing else; for good. False
    /// where no group watches devices. Throws SystemError when a group above allows less.
    bool watch_devices(std::span<const DeviceRule> rules) const;

    /// Removes the empty groups and their empty sub-groups; false when something still runs in
    /// them after `patience`.
    bool remove(std::chrono::milliseconds patience);

  private:
    struct Opened {
        ContainerGroup group;
        Fd directory;
        bool is_unified() const { return group.hierarchy == "unified"; }
    };
    const Opened* find(std::string_view hierarchy) const;
    const Opened* freezer() const;
    /// The group that has `controller` (by its name in v1).
    const Opened* controlling(std::string_view controller) const;

    std::vector<Opened> groups_;
};

/// Opens `location.monitor`, making it and its parent; invalid where there is none or it cannot be
/// made. For the clone of a monitor.
Fd open_monitor_group(const GroupLocation& location);

/// Kills what still runs in recorded groups of container `id` and removes them: for a container
/// whose monitor is gone. False when something stays.
bool clear_groups(const std::vector<ContainerGroup>& recorded, std::string_view id);

}  // namespace skiff::runtime
