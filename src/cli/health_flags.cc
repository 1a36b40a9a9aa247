// SPDX-License-Identifier: Apache-2.0
#include "cli/health_flags.h"

#include "base/duration.h"
#include "base/error.h"
#include "base/text.h"

namespace skiff::cli {
namespace {

constexpr std::int64_t shortest = 1'000'000;  // ns

ValueParser duration_to(std::optional<std::int64_t>& target) {
    return [&target](std::string_view value) { target = parse_duration(value).count(); };
}

void check_time(const char* flag, const char* name, const std::optional<std::int64_t>& value) {
    if (!value || *value == 0) return;
    if (*value < 0) throw Error(ErrorKind::usage, "--health-{} cannot be negative", flag);
    if (*value < shortest)
        throw Error(ErrorKind::usage, "{} in Healthcheck cannot be less than 1ms", name);
}

}  // namespace

void declare_health_flags(CommandBuilder& command, engine::HealthRequest& health) {
    command.option("--health-cmd", health.command, "string", "Command to run to check health");
    command.parsed("--health-interval", duration_to(health.interval), "duration",
                   "Time between running the check (ms|s|m|h)");
    command.parsed(
        "--health-retries",
        [&health](std::string_view value) {
            const auto number = parse_number<int>(value);
            if (!number)
                throw Error(ErrorKind::invalid, "strconv.ParseInt: parsing {}: invalid syntax",
                            quoted(value));
            health.retries = *number;
        },
        "int", "Consecutive failures needed to report unhealthy");
    command.parsed("--health-start-interval", duration_to(health.start_interval), "duration",
                   "Time between running the check during the start period (ms|s|m|h)");
    command.parsed("--health-start-period", duration_to(health.start_period), "duration",
                   "Start period for the container to initialize before starting health-retries "
                   "countdown (ms|s|m|h)");
    command.parsed("--health-timeout", duration_to(health.timeout), "duration",
                   "Maximum time to allow one check to run (ms|s|m|h)");
    command.flag("--no-healthcheck", health.none, "Disable any container-specified HEALTHCHECK");
}

void check_health(const engine::HealthRequest& health) {
    if (health.none) {
        engine::HealthRequest nothing;
        nothing.none = true;
        if (health != nothing)
            throw Error(ErrorKind::usage, "--no-healthcheck conflicts with --health-* options");
    }
    check_time("interval", "Interval", health.interval);
    check_time("timeout", "Timeout", health.timeout);
    check_time("start-period", "StartPeriod", health.start_period);
    check_time("start-interval", "StartInterval", health.start_interval);
    if (health.retries && *health.retries < 0)
        throw Error(ErrorKind::usage, "--health-retries cannot be negative");
}

}  // namespace skiff::cli
