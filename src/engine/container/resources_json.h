// SPDX-License-Identifier: Apache-2.0
// Resources as documents show them.
#pragma once

#include <string>

#include <nlohmann/json_fwd.hpp>

#include "engine/container/request.h"

namespace skiff::engine {

/// The keys of Docker's HostConfig that it calls resources, with Docker's zeros for what was not
/// asked.
nlohmann::json docker_resources(const CreateRequest& request);

/// The text of linux.resources in an OCI runtime specification; "" when there is nothing to say.
std::string oci_resources(const runtime::GroupLimits& limits);

}  // namespace skiff::engine
