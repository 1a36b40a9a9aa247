// SPDX-License-Identifier: Apache-2.0
// Control groups of containers: which there are on this machine, where a container's belong, and
// what is done with them (freeze, kill, count, remove). Limits are not set here.
//
//   hierarchies        what the kernel mounted, and where in it this process is
//   location           the place of one container's groups: pure
//   systemd_scope      asks systemd for a place, where only systemd may give one (rootless)
//   container_groups   the groups themselves
//
// Of one container there is one group in each hierarchy that is of use: the unified one (v2; on
// hybrid machines, too, where it freezes and kills but has no controllers), and with v1 `memory`
// for the count of OOM kills, and `freezer` where there is no unified hierarchy.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skiff::runtime {

/// One mounted hierarchy that this process is in.
struct CgroupHierarchy {
    bool unified = false;
    std::vector<std::string> controllers;  ///< v1: mounted together, or one "name=…"
    std::string mount_point;               ///< "/sys/fs/cgroup/freezer"
    std::string own;                       ///< our group below the mount point: "/", "/a/b"

    bool has(std::string_view controller) const;
};

/// From /proc/PID/cgroup and /proc/PID/mountinfo. Pure.
///
/// Left out: what is not mounted, what is mounted without our own group in it (a bind of another
/// part), and any own group with a "..", that is, outside our cgroup namespace. Text that the
/// kernel does not write is passed over, line by line. See cgroups(7), proc_pid_mountinfo(5).
std::vector<CgroupHierarchy> parse_cgroup_hierarchies(std::string_view memberships,
                                                      std::string_view mount_table);

/// Those of this process.
std::vector<CgroupHierarchy> find_cgroup_hierarchies();

/// Nothing is a null pointer.
const CgroupHierarchy* find_unified(const std::vector<CgroupHierarchy>& hierarchies);
const CgroupHierarchy* find_controller(const std::vector<CgroupHierarchy>& hierarchies,
                                       std::string_view controller);

/// Absolute, and each component is a plain name: neither empty nor "." nor "..".
bool is_plain_path(std::string_view path);

}  // namespace skiff::runtime
