// SPDX-License-Identifier: Apache-2.0
// Resources as documents show them.
#pragma once

#include <span>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/container/request.h"
#include "runtime/cgroup/device_rules.h"

namespace skiff::engine {

/// The keys of Docker's HostConfig that it calls resources, with Docker's zeros for what was not
/// asked.
nlohmann::json docker_resources(const CreateRequest& request);

/// The text of linux.resources in an OCI runtime specification; "" when there is nothing to say.
/// `devices` are what is allowed where something watches; empty: nothing does.
std::string oci_resources(const runtime::GroupLimits& limits,
                          std::span<const runtime::DeviceRule> devices);

}  // namespace skiff::engine
