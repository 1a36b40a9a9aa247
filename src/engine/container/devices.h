// SPDX-License-Identifier: Apache-2.0
// --device and --device-cgroup-rule: the host's nodes, bound into the container, and what its
// device cgroup says about them.
//
// A node is bound and never made (launch_plan.h says why), so that a container has what the host
// has at that path at this moment, with its owner and mode. That it may only be read, or that nodes
// may be made inside, is the device cgroup's to enforce, which root alone has: elsewhere it is said
// in State.Less that nobody does.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/container/record.h"
#include "oci/runtime_spec.h"
#include "runtime/cgroup/container_groups.h"
#include "runtime/cgroup/device_rules.h"
#include "runtime/plan/launch_plan.h"

namespace skiff::engine {

/// A node of the host's that the container shall have.
struct HostDevice {
    std::string path;    ///< on the host, without links
    std::string target;  ///< in the container
    bool is_block = false;
    unsigned major = 0;
    unsigned minor = 0;
    std::string access;  ///< of "rwm"; "" : none
};

/// Looks at the host: links are followed, of a directory all nodes below it are taken. Throws
/// Error{not_found} and Error{invalid} in Docker's words.
std::vector<HostDevice> gather_devices(const std::vector<DeviceRequest>& requests);

/// Whether a group that watches devices has to be made: for a request that says which may be used,
/// and for one that names CAP_MKNOD.
bool wants_device_group(const CreateRequest& request);

/// Whether nodes that are made inside may open something, if a group watches: for a request that
/// names rules or CAP_MKNOD. Otherwise all that the container may write to is nodev, with a group
/// as well.
bool makes_devices(const CreateRequest& request);

/// "c 1:3 rwm", as --device-cgroup-rule takes it.
bool is_device_rule(std::string_view text);

/// Docker's defaults, then the devices', then --device-cgroup-rule.
std::vector<runtime::DeviceRule> device_rules(const CreateRequest& request,
                                              const std::vector<HostDevice>& devices);

/// What is lost where no group watches: sentences.
std::vector<std::string> unwatched_devices(const CreateRequest& request,
                                           const std::vector<HostDevice>& devices);

/// Adds the binds to a plan that is not opened yet; a device replaces what the plan has at its
/// target.
void add_devices(const std::vector<HostDevice>& devices, runtime::LaunchPlan& plan);

/// The same for a document, which another runtime may run.
void add_device_binds(const std::vector<HostDevice>& devices, oci::RuntimeSpec& spec);

}  // namespace skiff::engine
