// SPDX-License-Identifier: Apache-2.0
// From an OCI runtime spec and what this machine allows to a LaunchPlan. Pure: no descriptor is
// opened, nothing is asked of the kernel here, so it is tested without privileges.
#pragma once

#include "oci/runtime_spec.h"
#include "runtime/plan/launch_plan.h"
#include "runtime/userns/id_map.h"

namespace skiff::runtime {

/// What the plan depends on beside the spec.
struct HostFacts {
    IdMaps maps;  ///< of our own user namespace
    /// The container's user namespace is not the initial one: no mknod, no real root.
    bool in_user_namespace = false;
    /// setgroups(2) works: not in a single-id namespace.
    bool can_set_groups = true;
    /// gid 5 (tty) is mapped: devpts may use it.
    bool has_tty_group = true;
    /// Capabilities that can be given at all; asking for more is no error ("all" is all that there
    /// is).
    std::uint64_t available_capabilities = ~std::uint64_t{0};
    /// Hard limits that may not be raised.
    bool can_raise_limits = true;
    int oom_score_adj = 0;  ///< our own: who has no CAP_SYS_RESOURCE cannot go below it
    /// /sys/fs/cgroup is the unified hierarchy: v2 and nothing else.
    bool unified_cgroup = false;
    /// v1 and hybrid: the hierarchies in which the container has a group of its own.
    std::vector<std::string> cgroups;
    /// The caller's limits, by resource number.
    std::vector<rlimit> limits;
};
/// Source of a mount that only hides what lies below.
inline constexpr const char* cover_source = "skiff-cover";

/// Asks the kernel. For a process that is root of the user namespace in which the container will
/// live.
HostFacts probe_host_facts();

/// Throws Error{invalid} for what no kernel would take: an unknown option word, a relative target.
LaunchPlan build_plan(const oci::RuntimeSpec& spec, const HostFacts& facts);

/// Paths that are hidden from a container, and those it may only read: the union of Moby's and
/// Podman's lists.
const std::vector<std::string>& default_masked_paths();
const std::vector<std::string>& default_read_only_paths();

}  // namespace skiff::runtime
