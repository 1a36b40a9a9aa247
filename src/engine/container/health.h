// SPDX-License-Identifier: Apache-2.0
// HEALTHCHECK and --health-*: what is checked, and what a result makes of the container's health.
// Pure.
#pragma once

#include <optional>

#include "engine/container/record.h"
#include "monitor/health_check.h"
#include "oci/image_config.h"

namespace skiff::engine {

/// The image's check with the request's options over it.
HealthConfig merge_health(const std::optional<oci::Healthcheck>& image,
                          const HealthRequest& request);

/// Something is checked at all.
bool is_checked(const HealthConfig& config);
/// With Docker's defaults: every 30 s, at most 30 s, no start period, every 5 s within it.
monitor::HealthSettings health_settings(const HealthConfig& config);
/// The command for `exec`; the shell form by `shell`, or by /bin/sh -c where that is empty.
/// `config` is checked.
std::vector<std::string> health_command(const HealthConfig& config,
                                        const std::vector<std::string>& shell);

/// Takes one result into the state, as Docker does: one success is health; as many failures in a
/// row as `retries` (3) are not; within the start period failures do not count until the first
/// success.
void take_result(const HealthConfig& config, monitor::HealthResult result, HealthState& state);

}  // namespace skiff::engine
