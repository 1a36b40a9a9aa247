// SPDX-License-Identifier: Apache-2.0
// What `run`, `create` and `update` may limit, as typed; Docker's checks of it; and what a control
// group is told.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "runtime/cgroup/limits.h"

namespace skiff::engine {

/// --device-read-bps and the like, --blkio-weight-device.
struct DeviceNumber {
    std::string path;  ///< of a block device of the host
    std::uint64_t value = 0;
    bool operator==(const DeviceNumber&) const = default;
};

/// 0, "" and nothing: not given. Times in microseconds, sizes in bytes.
struct Resources {
    std::int64_t memory = 0;
    std::int64_t memory_reservation = 0;
    std::int64_t memory_swap = 0;  ///< memory plus swap; -1: no limit of the swap
    std::optional<std::int64_t> memory_swappiness;
    bool oom_kill_disable = false;
    int oom_score_adj = 0;
    std::int64_t nano_cpus = 0;  ///< --cpus in billionths
    std::int64_t cpu_period = 0;
    std::int64_t cpu_quota = 0;
    std::int64_t cpu_shares = 0;
    std::int64_t cpu_rt_period = 0;
    std::int64_t cpu_rt_runtime = 0;
    std::string cpuset_cpus;
    std::string cpuset_mems;
    std::optional<std::int64_t> pids_limit;
    std::int64_t blkio_weight = 0;
    std::vector<DeviceNumber> blkio_weight_device;
    std::vector<DeviceNumber> device_read_bps;
    std::vector<DeviceNumber> device_write_bps;
    std::vector<DeviceNumber> device_read_iops;
    std::vector<DeviceNumber> device_write_iops;
    std::string cgroup_parent;
    std::int64_t kernel_memory = 0;  ///< no kernel of today limits it
    // Of Windows: shown by `inspect`, as Docker on Linux has it.
    std::int64_t cpu_count = 0;
    std::int64_t cpu_percent = 0;
    std::uint64_t io_max_operations = 0;
    std::uint64_t io_max_bandwidth = 0;
    bool operator==(const Resources&) const = default;
};

/// Throws Error{invalid} in Docker's words.
void check_resources(const Resources& resources);

/// Memory plus swap as Docker has it: twice the memory where only that is given.
std::int64_t effective_memory_swap(const Resources& resources);

/// Looks up the devices. Throws Error{invalid} for one that is not there.
runtime::GroupLimits group_limits(const Resources& resources);

/// The numbers of a kernel list such as "0-3,8"; nothing when it is none, or goes beyond 8191.
std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);

}  // namespace skiff::engine
