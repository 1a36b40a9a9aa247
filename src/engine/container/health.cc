// SPDX-License-Identifier: Apache-2.0
#include "engine/container/health.h"

namespace skiff::engine {
namespace {

using std::chrono::nanoseconds;
using std::chrono::seconds;

constexpr std::size_t kept_results = 5;
constexpr int default_retries = 3;

nanoseconds or_default(std::int64_t value, nanoseconds otherwise) {
    return value == 0 ? otherwise : nanoseconds(value);
}

}  // namespace

HealthConfig merge_health(const std::optional<oci::Healthcheck>& image,
                          const HealthRequest& request) {
    HealthConfig config;
    if (request.none) {
        config.test = {"NONE"};
        return config;
    }
    if (image) {
        config = {image->test,
                  image->interval.count(),
                  image->timeout.count(),
                  image->start_period.count(),
                  image->start_interval.count(),
                  image->retries};
    }
    if (!request.command.empty()) config.test = {"CMD-SHELL", request.command};
    config.interval = request.interval.value_or(config.interval);
    config.timeout = request.timeout.value_or(config.timeout);
    config.start_period = request.start_period.value_or(config.start_period);
    config.start_interval = request.start_interval.value_or(config.start_interval);
    config.retries = request.retries.value_or(config.retries);
    return config;
}

bool is_checked(const HealthConfig& config) {
    return config.test.size() > 1 && (config.test[0] == "CMD" || config.test[0] == "CMD-SHELL");
}

monitor::HealthSettings health_settings(const HealthConfig& config) {
    return {.interval = or_default(config.interval, seconds(30)),
            .timeout = or_default(config.timeout, seconds(30)),
            .start_period = nanoseconds(config.start_period),
            .start_interval = or_default(config.start_interval, seconds(5))};
}

std::vector<std::string> health_command(const HealthConfig& config,
                                        const std::vector<std::string>& shell) {
    if (config.test[0] != "CMD-SHELL") return {config.test.begin() + 1, config.test.end()};
    std::vector<std::string> command = shell;
    if (command.empty()) command = {"/bin/sh", "-c"};
    command.push_back(config.test[1]);
    return command;
}

void take_result(const HealthConfig& config, monitor::HealthResult result, HealthState& state) {
    if (result.exit_code == 0) {
        state.failing_streak = 0;
        state.status = "healthy";
    } else if (!(result.in_start_period && state.status == "starting")) {
        ++state.failing_streak;
        if (state.failing_streak >= (config.retries == 0 ? default_retries : config.retries))
            state.status = "unhealthy";
    }
    state.log.push_back({result.start, result.end, result.exit_code, std::move(result.output)});
    if (state.log.size() > kept_results) state.log.erase(state.log.begin());
}

}  // namespace skiff::engine
