// SPDX-License-Identifier: Apache-2.0
// --systemd: a container whose program is systemd gets what that one expects of a container
// manager (https://systemd.io/CONTAINER_INTERFACE): empty /run, /run/lock, /tmp and
// /var/log/journal, its control groups writable, $container, and SIGRTMIN+3 as its stop signal.
#pragma once

#include <string_view>
#include <vector>

#include "engine/container/record.h"

namespace skiff::engine {

/// Throws Error{usage} for another word than true, false and always.
void check_systemd_mode(std::string_view mode);

/// "true" means: when the program is one, by podman's rule (systemd, or init in one of the sbin
/// directories).
bool runs_systemd(std::string_view mode, const EffectiveConfig& config);

inline constexpr std::string_view systemd_stop_signal = "SIGRTMIN+3";
inline constexpr std::string_view systemd_variable = "container=oci";

/// Where it wants something empty in memory.
const std::vector<std::string_view>& systemd_directories();

}  // namespace skiff::engine
