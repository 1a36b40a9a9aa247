// SPDX-License-Identifier: Apache-2.0
// What this skiff found on this machine.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace skiff::engine {

struct SystemInfo {
    unsigned running = 0;  ///< but for the paused
    unsigned paused = 0;
    unsigned stopped = 0;
    unsigned images = 0;
    std::vector<std::string> built_in_images;
    std::string root;
    std::string run_root;
    std::string config;
    std::string backing_file_system;
    bool rootless = false;
    std::string id_map;         ///< "full (65537 ids)" or "single id (…)" ; empty as root
    std::string overlay;        ///< "native", or why not
    std::string proc;           ///< "own", or why not
    std::string network;        ///< how a private network leads out, or why not
    std::string cgroup;         ///< "v2", "v1", "hybrid", "none"
    std::string cgroup_groups;  ///< where containers have groups, or why they have none
    std::string kernel;
    std::string operating_system;
    std::string architecture;
    std::string hostname;
    unsigned cpus = 0;
    std::uint64_t memory = 0;  ///< bytes
};
SystemInfo system_info(const Engine& engine);

}  // namespace skiff::engine
