// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "engine/container/container_files.h"
#include "engine/container/monitor_process.h"
#include "monitor/supervisor.h"

namespace skiff::engine {

/// What the record means for the container's supervisor, with its log and its socket open. `report`
/// gets the results of health checks, and says whether the container is still starting.
monitor::SupervisorOptions supervisor_options(const Engine& engine, const ContainerFiles& files,
                                              const ContainerRecord& record,
                                              const MonitorArguments& arguments,
                                              std::function<bool(monitor::HealthResult)> report);

}  // namespace skiff::engine
