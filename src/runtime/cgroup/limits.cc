// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/limits.h"

#include <algorithm>

#include <fmt/format.h>

namespace skiff::runtime {
namespace {

constexpr std::uint64_t default_period = 100'000;  // microseconds, the kernel's

std::string number_or_max(std::int64_t value) {
    return value < 0 ? "max" : fmt::format("{}", value);
}

void add_memory(const GroupLimits& limits, bool unified, std::vector<LimitWrite>& list) {
    const auto add = [&](std::string_view what, std::string_view file, std::string value,
                         bool optional = false) {
        list.push_back({"memory", what, file, std::move(value), "", optional});
    };
    if (limits.memory_reservation > 0)
        add("the memory reservation", unified ? "memory.low" : "memory.soft_limit_in_bytes",
            fmt::format("{}", limits.memory_reservation));
    if (limits.memory > 0)
        add("the memory limit", unified ? "memory.max" : "memory.limit_in_bytes",
            fmt::format("{}", limits.memory));
    // After the memory: v1 refuses a sum that is smaller than one of its parts.
    if (limits.memory_and_swap != 0) {
        const std::int64_t sum = limits.memory_and_swap;
        if (unified) {
            add("the swap limit", "memory.swap.max",
                number_or_max(sum < 0 ? -1 : sum - limits.memory), limits.swap_is_implied);
        } else {
            add("the swap limit", "memory.memsw.limit_in_bytes", fmt::format("{}", sum),
                limits.swap_is_implied || sum < 0);
        }
    }
    if (unified) return;
    if (limits.swappiness)
        add("the swappiness", "memory.swappiness", fmt::format("{}", *limits.swappiness));
    if (limits.disable_oom_killer) add("the disabled OOM killer", "memory.oom_control", "1");
}

void add_cpu(const GroupLimits& limits, bool unified, std::vector<LimitWrite>& list) {
    const auto add = [&](std::string_view what, std::string_view file, std::string value) {
        list.push_back({"cpu", what, file, std::move(value), "", false});
    };
    if (limits.cpu_shares != 0) {
        if (unified) {
            add("the CPU shares", "cpu.weight",
                fmt::format("{}", weight_of_shares(limits.cpu_shares)));
        } else {
            add("the CPU shares", "cpu.shares", fmt::format("{}", limits.cpu_shares));
        }
    }
    if (unified) {
        if (limits.cpu_quota != 0 || limits.cpu_period != 0)
            add("the CPU limit", "cpu.max",
                fmt::format("{} {}", number_or_max(limits.cpu_quota == 0 ? -1 : limits.cpu_quota),
                            limits.cpu_period == 0 ? default_period : limits.cpu_period));
        return;
    }
    // Of --cpus they are one limit.
    if (limits.cpu_period != 0)
        add(limits.cpu_quota != 0 ? "the CPU limit" : "the CPU period", "cpu.cfs_period_us",
            fmt::format("{}", limits.cpu_period));
    if (limits.cpu_quota != 0)
        add("the CPU limit", "cpu.cfs_quota_us", fmt::format("{}", limits.cpu_quota));
    if (limits.realtime_period != 0)
        add("the real-time period", "cpu.rt_period_us", fmt::format("{}", limits.realtime_period));
    if (limits.realtime_runtime != 0)
        add("the real-time runtime", "cpu.rt_runtime_us",
            fmt::format("{}", limits.realtime_runtime));
}

/// io.weight (1 to 10000) for blkio.weight (10 to 1000).
std::uint64_t io_weight(std::uint64_t weight) {
    return 1 + (std::max<std::uint64_t>(weight, 10) - 10) * 9999 / 990;
}

void add_rates(const std::vector<DeviceLimit>& rates, std::string_view what, std::string_view file,
               std::string_view key, bool unified, std::vector<LimitWrite>& list) {
    for (const DeviceLimit& rate : rates) {
        std::string value =
            unified ? fmt::format("{}:{} {}={}", rate.major, rate.minor, key, rate.value)
                    : fmt::format("{}:{} {}", rate.major, rate.minor, rate.value);
        list.push_back({"blkio", what, unified ? "io.max" : file, std::move(value), "", false});
    }
}

void add_blkio(const GroupLimits& limits, bool unified, std::vector<LimitWrite>& list) {
    // The names with "bfq" are those of the scheduler that is left of those with weights.
    const auto add_weight = [&](const std::string& device, std::uint64_t weight,
                                std::string_view plain, std::string_view bfq) {
        const std::uint64_t converted = unified ? io_weight(weight) : weight;
        list.push_back(
            {"blkio", "the I/O weight", plain, fmt::format("{}{}", device, converted), bfq, false});
    };
    if (limits.blkio_weight != 0)
        add_weight(unified ? "default " : "", limits.blkio_weight,
                   unified ? "io.weight" : "blkio.weight",
                   unified ? "io.bfq.weight" : "blkio.bfq.weight");
    for (const DeviceLimit& device : limits.blkio_weights)
        add_weight(fmt::format("{}:{} ", device.major, device.minor), device.value,
                   unified ? "io.weight" : "blkio.weight_device",
                   unified ? "io.bfq.weight" : "blkio.bfq.weight_device");
    add_rates(limits.read_bytes, "the read rate", "blkio.throttle.read_bps_device", "rbps", unified,
              list);
    add_rates(limits.write_bytes, "the write rate", "blkio.throttle.write_bps_device", "wbps",
              unified, list);
    add_rates(limits.read_operations, "the read rate", "blkio.throttle.read_iops_device", "riops",
              unified, list);
    add_rates(limits.write_operations, "the write rate", "blkio.throttle.write_iops_device",
              "wiops", unified, list);
}

}  // namespace

std::uint64_t weight_of_shares(std::uint64_t shares) {
    const std::uint64_t bounded = std::clamp<std::uint64_t>(shares, 2, 262144);
    return 1 + (bounded - 2) * 9999 / 262142;
}

std::string_view unified_controller_name(std::string_view controller) {
    return controller == "blkio" ? "io" : controller;
}

std::vector<LimitWrite> limit_writes(const GroupLimits& limits, bool unified) {
    std::vector<LimitWrite> list;
    add_memory(limits, unified, list);
    add_cpu(limits, unified, list);
    if (!limits.cpus.empty())
        list.push_back({"cpuset", "the set of CPUs", "cpuset.cpus", limits.cpus, "", false});
    if (!limits.memory_nodes.empty())
        list.push_back(
            {"cpuset", "the set of memory nodes", "cpuset.mems", limits.memory_nodes, "", false});
    if (limits.pids != 0)
        list.push_back({"pids", "the limit of processes", "pids.max", number_or_max(limits.pids),
                        "", limits.pids < 0});
    add_blkio(limits, unified, list);
    return list;
}

std::vector<std::string> impossible_limits(const GroupLimits& limits, bool unified) {
    std::vector<std::string> list;
    if (!unified) return list;
    if (limits.swappiness)
        list.emplace_back(
            "--memory-swappiness has no effect: cgroup v2 has no swappiness of a group");
    if (limits.disable_oom_killer)
        list.emplace_back(
            "--oom-kill-disable has no effect: cgroup v2 cannot keep the OOM killer from a group");
    if (limits.realtime_period != 0 || limits.realtime_runtime != 0)
        list.emplace_back(
            "--cpu-rt-period and --cpu-rt-runtime have no effect: cgroup v2 has no real-time "
            "limits");
    return list;
}

std::vector<std::string_view> needed_controllers(const GroupLimits& limits) {
    std::vector<std::string_view> list;
    for (const LimitWrite& write : limit_writes(limits, false))
        if (std::find(list.begin(), list.end(), write.controller) == list.end())
            list.push_back(write.controller);
    return list;
}

}  // namespace skiff::runtime
