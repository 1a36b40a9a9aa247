// SPDX-License-Identifier: Apache-2.0
#include "cli/resource_flags.h"

#include <limits>

#include "base/error.h"
#include "base/size.h"
#include "base/text.h"

namespace skiff::cli {
namespace {

using engine::DeviceNumber;

constexpr std::int64_t nano = 1'000'000'000;

std::int64_t parse_bytes(std::string_view value) {
    const std::uint64_t size = parse_binary_size(value);
    if (size > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        throw Error(ErrorKind::invalid, "invalid size: '{}'", value);
    return static_cast<std::int64_t>(size);
}

std::int64_t parse_integer(std::string_view value) {
    const auto number = parse_number<std::int64_t>(value);
    if (!number)
        throw Error(ErrorKind::invalid, "strconv.ParseInt: parsing {}: invalid syntax",
                    quoted(value));
    return *number;
}

ValueParser bytes_to(std::int64_t& target) {
    return [&target](std::string_view value) { target = parse_bytes(value); };
}
ValueParser integer_to(std::int64_t& target) {
    return [&target](std::string_view value) { target = parse_integer(value); };
}

/// "1.5", ".5", "2": billionths. What has more than nine digits after the point is refused, as by
/// Docker.
std::int64_t parse_cpus(std::string_view value) {
    const Cut parts = cut(value, '.');
    const auto refuse = [&] {
        return Error(ErrorKind::invalid, "failed to parse {} as a rational number", value);
    };
    const auto digits = [](std::string_view text) {
        return text.find_first_not_of("0123456789") == std::string_view::npos;
    };
    if (!digits(parts.before) || !digits(parts.after) ||
        (parts.before.empty() && parts.after.empty()))
        throw refuse();
    if (parts.after.size() > 9) throw Error(ErrorKind::invalid, "value is too precise");
    std::string fraction(parts.after);
    fraction.resize(9, '0');
    const auto whole = parse_number<std::int64_t>(parts.before.empty() ? "0" : parts.before);
    const auto rest = parse_number<std::int64_t>(fraction);
    if (!whole || !rest || *whole > std::numeric_limits<std::int64_t>::max() / nano - 1)
        throw refuse();
    return *whole * nano + *rest;
}

/// "PATH:VALUE"; the path begins with /dev/.
DeviceNumber split_device(std::string_view text) {
    const Cut parts = cut(text, ':');
    if (!parts.found || parts.before.empty() || parts.after.find(':') != std::string_view::npos)
        throw Error(ErrorKind::invalid, "bad format: {}", text);
    if (!parts.before.starts_with("/dev/"))
        throw Error(ErrorKind::invalid, "bad format for device path: {}", text);
    return {std::string(parts.before), 0};
}
std::string_view number_of(std::string_view text) {
    return cut(text, ':').after;
}

ValueParser rate_to(std::vector<DeviceNumber>& target) {
    return [&target](std::string_view value) {
        DeviceNumber device = split_device(value);
        try {
            device.value = parse_binary_size(number_of(value));
        } catch (const Error&) {
            throw Error(ErrorKind::invalid,
                        "invalid rate for device: {}. The correct format is "
                        "<device-path>:<number>[<unit>]. Number must be a positive integer. Unit "
                        "is optional and can be kb, mb, or gb",
                        value);
        }
        target.push_back(std::move(device));
    };
}

ValueParser operations_to(std::vector<DeviceNumber>& target) {
    return [&target](std::string_view value) {
        DeviceNumber device = split_device(value);
        const auto number = parse_number<std::uint64_t>(number_of(value));
        if (!number)
            throw Error(ErrorKind::invalid,
                        "invalid rate for device: {}. The correct format is "
                        "<device-path>:<number>. Number must be a positive integer",
                        value);
        device.value = *number;
        target.push_back(std::move(device));
    };
}

ValueParser weight_to(std::vector<DeviceNumber>& target) {
    return [&target](std::string_view value) {
        DeviceNumber device = split_device(value);
        const auto number = parse_number<std::uint64_t>(number_of(value));
        if (!number || (*number != 0 && (*number < 10 || *number > 1000)))
            throw Error(ErrorKind::invalid, "invalid weight for device: {}", value);
        device.value = *number;
        target.push_back(std::move(device));
    };
}

}  // namespace

void declare_resource_flags(CommandBuilder& command, engine::Resources& resources) {
    command.parsed("--blkio-weight", integer_to(resources.blkio_weight), "uint16",
                   "Block IO (relative weight), between 10 and 1000, or 0 to disable");
    command.parsed("--cpu-period", integer_to(resources.cpu_period), "int",
                   "Limit CPU CFS (Completely Fair Scheduler) period");
    command.parsed("--cpu-quota", integer_to(resources.cpu_quota), "int",
                   "Limit CPU CFS (Completely Fair Scheduler) quota");
    command.parsed("--cpu-rt-period", integer_to(resources.cpu_rt_period), "int",
                   "Limit CPU real-time period in microseconds");
    command.parsed("--cpu-rt-runtime", integer_to(resources.cpu_rt_runtime), "int",
                   "Limit CPU real-time runtime in microseconds");
    command.parsed("-c,--cpu-shares", integer_to(resources.cpu_shares), "int",
                   "CPU shares (relative weight)");
    command.parsed(
        "--cpus", [&resources](std::string_view value) { resources.nano_cpus = parse_cpus(value); },
        "decimal", "Number of CPUs");
    command.option("--cpuset-cpus", resources.cpuset_cpus, "string",
                   "CPUs in which to allow execution (0-3, 0,1)");
    command.option("--cpuset-mems", resources.cpuset_mems, "string",
                   "MEMs in which to allow execution (0-3, 0,1)");
    command.parsed("-m,--memory", bytes_to(resources.memory), "bytes", "Memory limit");
    command.parsed("--memory-reservation", bytes_to(resources.memory_reservation), "bytes",
                   "Memory soft limit");
    command.parsed(
        "--memory-swap",
        [&resources](std::string_view value) {
            resources.memory_swap = value == "-1" ? -1 : parse_bytes(value);
        },
        "bytes", "Swap limit equal to memory plus swap: -1 to enable unlimited swap");
    command.parsed(
        "--pids-limit",
        [&resources](std::string_view value) { resources.pids_limit = parse_integer(value); },
        "int", "Tune container pids limit (set -1 for unlimited)");
}

void declare_fixed_resource_flags(CommandBuilder& command, engine::Resources& resources) {
    command.parsed("--blkio-weight-device", weight_to(resources.blkio_weight_device), "list",
                   "Block IO weight (relative device weight)");
    command.option("--cgroup-parent", resources.cgroup_parent, "string",
                   "Parent control group of the container");
    command.parsed("--device-read-bps", rate_to(resources.device_read_bps), "list",
                   "Limit read rate (bytes per second) from a device");
    command.parsed("--device-read-iops", operations_to(resources.device_read_iops), "list",
                   "Limit read rate (IO per second) from a device");
    command.parsed("--device-write-bps", rate_to(resources.device_write_bps), "list",
                   "Limit write rate (bytes per second) to a device");
    command.parsed("--device-write-iops", operations_to(resources.device_write_iops), "list",
                   "Limit write rate (IO per second) to a device");
    command.parsed(
        "--memory-swappiness",
        [&resources](std::string_view value) {
            resources.memory_swappiness = parse_integer(value);
        },
        "int", "Tune container memory swappiness (0 to 100)");
    command.flag("--oom-kill-disable", resources.oom_kill_disable, "Disable the OOM killer");
    command.parsed(
        "--oom-score-adj",
        [&resources](std::string_view value) {
            const auto number = parse_number<int>(value);
            if (!number)
                throw Error(ErrorKind::invalid, "strconv.ParseInt: parsing {}: invalid syntax",
                            quoted(value));
            resources.oom_score_adj = *number;
        },
        "int", "Tune the host's OOM preferences (-1000 to 1000)");
}

}  // namespace skiff::cli
