// SPDX-License-Identifier: Apache-2.0
// What `inspect` shows of mounts, in Docker's words.
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

/// "Mounts": all that is mounted, but for --tmpfs.
nlohmann::json mounts_json(const Engine& engine, const ContainerRecord& record);

/// Puts Binds, Mounts, Tmpfs, VolumeDriver and VolumesFrom into HostConfig, as they were asked for.
void add_mount_requests(const CreateRequest& request, nlohmann::json& host_config);

}  // namespace skiff::engine
