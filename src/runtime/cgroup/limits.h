// SPDX-License-Identifier: Apache-2.0
// Limits of a container's processes, and the files of a control group that enforce them. Pure.
//
// The fields mean what they mean in the OCI runtime specification (linux.resources), which is what
// v1 knows; for v2 they are converted as runc converts them, so that numbers people know come out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::runtime {

/// A block device and a number for it.
struct DeviceLimit {
    unsigned major = 0;
    unsigned minor = 0;
    std::uint64_t value = 0;  ///< bytes or operations per second, or a weight
};

/// Nothing, 0 and "" mean: as the group's parent has it.
struct GroupLimits {
    std::int64_t memory = 0;              ///< bytes
    std::int64_t memory_reservation = 0;  ///< bytes
    std::int64_t memory_and_swap = 0;     ///< bytes, never below memory; -1: no limit of the swap
    /// The swap limit follows from another one: a kernel that does not count swap is no failure.
    bool swap_is_implied = false;
    std::optional<unsigned> swappiness;  ///< 0 to 100; v1 only
    bool disable_oom_killer = false;     ///< v1 only
    std::uint64_t cpu_shares = 0;        ///< 2 to 262144, where 1024 is what everybody has
    std::uint64_t cpu_period = 0;        ///< microseconds
    std::int64_t cpu_quota = 0;          ///< microseconds in each period; -1: no limit
    std::uint64_t realtime_period = 0;   ///< microseconds; v1 only
    std::int64_t realtime_runtime = 0;   ///< microseconds; v1 only
    std::string cpus;                    ///< "0-2,4"
    std::string memory_nodes;
    std::int64_t pids = 0;      ///< -1: no limit
    unsigned blkio_weight = 0;  ///< 10 to 1000
    std::vector<DeviceLimit> blkio_weights;
    std::vector<DeviceLimit> read_bytes;
    std::vector<DeviceLimit> write_bytes;
    std::vector<DeviceLimit> read_operations;
    std::vector<DeviceLimit> write_operations;
};

/// One write(2) to one file of a group.
struct LimitWrite {
    std::string_view controller;  ///< by its name in v1: memory, cpu, cpuset, pids, blkio
    std::string_view what;        ///< for messages: "the memory limit"
    std::string_view file;
    std::string value;
    std::string_view other_file;  ///< to be tried where there is no `file`
    bool optional = false;        ///< nobody misses it where the kernel has no such file
};

/// In the order in which the kernel takes them for a new group.
std::vector<LimitWrite> limit_writes(const GroupLimits& limits, bool unified);
/// What `unified` has no file for: sentences "…: v2 has no …".
std::vector<std::string> impossible_limits(const GroupLimits& limits, bool unified);
/// The controllers that `limits` needs, by their names in v1; each once.
std::vector<std::string_view> needed_controllers(const GroupLimits& limits);
/// "blkio" is "io" there.
std::string_view unified_controller_name(std::string_view controller);

/// cpu.weight (1 to 10000) for cpu.shares (2 to 262144), as runc has it.
std::uint64_t weight_of_shares(std::uint64_t shares);

}  // namespace skiff::runtime
