// SPDX-License-Identifier: Apache-2.0
#include "engine/container/resources.h"

#include <algorithm>
#include <limits>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup/location.h"

namespace skiff::engine {
namespace {

constexpr std::int64_t smallest_memory = 6 << 20;
constexpr std::int64_t nano = 1'000'000'000;
constexpr std::int64_t docker_period = 100'000;  // microseconds, for --cpus
constexpr unsigned highest_number = 8191;        // the kernel's largest NR_CPUS

template <typename... T>
[[noreturn]] void refuse(fmt::format_string<T...> text, T&&... values) {
    throw Error(ErrorKind::invalid, "{}", fmt::format(text, std::forward<T>(values)...));
}

void check_memory(const Resources& r) {
    if (r.memory != 0 && r.memory < smallest_memory) refuse("Minimum memory limit allowed is 6MB");
    if (r.memory > 0 && r.memory_swap > 0 && r.memory_swap < r.memory)
        refuse("Minimum memoryswap limit should be larger than memory limit, see usage");
    if (r.memory == 0 && r.memory_swap > 0)
        refuse("You should always set the Memory limit when using Memoryswap limit, see usage");
    if (r.memory_swap < -1) refuse("Invalid value: {}, memory swap is -1 or a size", r.memory_swap);
    if (r.memory_swappiness && (*r.memory_swappiness < -1 || *r.memory_swappiness > 100))
        refuse("invalid value: {}. Valid memory swappiness range is 0-100", *r.memory_swappiness);
    if (r.memory_reservation != 0 && r.memory_reservation < smallest_memory)
        refuse("Minimum memory reservation allowed is 6MB");
    if (r.memory > 0 && r.memory_reservation > 0 && r.memory < r.memory_reservation)
        refuse("Minimum memory limit can not be less than memory reservation limit, see usage");
    if (r.kernel_memory != 0 && r.kernel_memory < smallest_memory)
        refuse("Minimum kernel memory limit allowed is 6MB");
    if (r.oom_score_adj < -1000 || r.oom_score_adj > 1000)
        refuse("Invalid value {}, range for oom score adj is [-1000, 1000]", r.oom_score_adj);
}

void check_time(const Resources& r) {
    if (r.nano_cpus > 0 && r.cpu_period > 0)
        refuse("Conflicting options: Nano CPUs and CPU Period cannot both be set");
    if (r.nano_cpus > 0 && r.cpu_quota > 0)
        refuse("Conflicting options: Nano CPUs and CPU Quota cannot both be set");
    const std::int64_t cpus = sysconf(_SC_NPROCESSORS_ONLN);
    if (r.nano_cpus < 0 || r.nano_cpus > cpus * nano ||
        (r.nano_cpus > 0 && r.nano_cpus < nano / 100))
        refuse("Range of CPUs is from 0.01 to {}.00, as there are only {} CPUs available", cpus,
               cpus);
    if (r.cpu_period != 0 && (r.cpu_period < 1000 || r.cpu_period > 1'000'000))
        refuse(
            "CPU cfs period can not be less than 1ms (i.e. 1000) or larger than 1s (i.e. 1000000)");
    if (r.cpu_quota > 0 && r.cpu_quota < 1000)
        refuse("CPU cfs quota can not be less than 1ms (i.e. 1000)");
    if (r.cpu_shares < 0) refuse("invalid CPU shares: {}", r.cpu_shares);
    if (r.cpu_rt_period < 0 || r.cpu_rt_runtime < 0)
        refuse("invalid CPU real-time period or runtime: it cannot be negative");
    if (r.cpu_rt_period != 0 && r.cpu_rt_runtime != 0 && r.cpu_rt_runtime > r.cpu_rt_period)
        refuse("cpu real-time runtime cannot be higher than cpu real-time period");
}

void check_set(const std::string& asked, const char* option, const char* what,
               const char* available_file) {
    if (asked.empty()) return;
    const auto numbers = parse_cpu_list(asked);
    if (!numbers) refuse("Invalid value {} for {}", printable(asked), option);
    const auto text = find_file(AT_FDCWD, available_file, 4096);
    if (!text) return;  // nothing known; the kernel will tell
    const auto available = parse_cpu_list(trim(*text));
    if (!available) return;
    for (const unsigned number : *numbers)
        if (std::find(available->begin(), available->end(), number) == available->end())
            refuse("Requested {} are not available - requested {}, available: {}", what, asked,
                   trim(*text));
}

runtime::DeviceLimit find_device(const DeviceNumber& device) {
    struct stat status{};
    const Fd node = find_at(AT_FDCWD, device.path, O_PATH);
    if (!node.valid() || fstat(node.get(), &status) < 0)
        refuse("{}: no such device", printable(device.path));
    if (!S_ISBLK(status.st_mode)) refuse("{} is no block device", printable(device.path));
    return {major(status.st_rdev), minor(status.st_rdev), device.value};
}

std::vector<runtime::DeviceLimit> find_devices(const std::vector<DeviceNumber>& devices) {
    std::vector<runtime::DeviceLimit> list;
    for (const DeviceNumber& device : devices) list.push_back(find_device(device));
    return list;
}

}  // namespace

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
    std::vector<unsigned> list;
    for (const std::string_view part : split(text, ',')) {
        const Cut range = cut(part, '-');
        const auto first = parse_number<unsigned>(range.before);
        const auto last = range.found ? parse_number<unsigned>(range.after) : first;
        if (!first || !last || *last < *first || *last > highest_number) return std::nullopt;
        for (unsigned number = *first; number <= *last; ++number) list.push_back(number);
    }
    return list;
}

void check_resources(const Resources& resources) {
    check_memory(resources);
    check_time(resources);
    check_set(resources.cpuset_cpus, "cpuset cpus", "CPUs", "/sys/devices/system/cpu/online");
    check_set(resources.cpuset_mems, "cpuset mems", "memory nodes",
              "/sys/devices/system/node/online");
    if (resources.blkio_weight != 0 &&
        (resources.blkio_weight < 10 || resources.blkio_weight > 1000))
        refuse("Range of blkio weight is from 10 to 1000");
    for (const DeviceNumber& device : resources.blkio_weight_device)
        if (device.value != 0 && (device.value < 10 || device.value > 1000))
            refuse("invalid weight for device: {}: it is from 10 to 1000", printable(device.path));
    if (!resources.cgroup_parent.empty() && !runtime::plain_cgroup_parent(resources.cgroup_parent))
        refuse("invalid cgroup parent: {}", printable(resources.cgroup_parent));
    group_limits(resources);
}

std::int64_t effective_memory_swap(const Resources& resources) {
    if (resources.memory_swap != 0 || resources.memory <= 0) return resources.memory_swap;
    return resources.memory > std::numeric_limits<std::int64_t>::max() / 2 ? -1
                                                                           : 2 * resources.memory;
}

runtime::GroupLimits group_limits(const Resources& resources) {
    runtime::GroupLimits limits;
    limits.memory = std::max<std::int64_t>(resources.memory, 0);
    limits.memory_reservation = resources.memory_reservation;
    limits.memory_and_swap = effective_memory_swap(resources);
    limits.swap_is_implied = resources.memory_swap == 0;
    if (resources.memory_swappiness && *resources.memory_swappiness >= 0)
        limits.swappiness = static_cast<unsigned>(*resources.memory_swappiness);
    limits.disable_oom_killer = resources.oom_kill_disable;
    limits.cpu_shares = static_cast<std::uint64_t>(resources.cpu_shares);
    limits.cpu_period = static_cast<std::uint64_t>(resources.cpu_period);
    limits.cpu_quota = resources.cpu_quota;
    if (resources.nano_cpus > 0) {
        limits.cpu_period = docker_period;
        limits.cpu_quota = resources.nano_cpus * docker_period / nano;
    }
    limits.realtime_period = static_cast<std::uint64_t>(resources.cpu_rt_period);
    limits.realtime_runtime = resources.cpu_rt_runtime;
    limits.cpus = resources.cpuset_cpus;
    limits.memory_nodes = resources.cpuset_mems;
    if (resources.pids_limit) limits.pids = *resources.pids_limit <= 0 ? -1 : *resources.pids_limit;
    limits.blkio_weight = static_cast<unsigned>(resources.blkio_weight);
    limits.blkio_weights = find_devices(resources.blkio_weight_device);
    limits.read_bytes = find_devices(resources.device_read_bps);
    limits.write_bytes = find_devices(resources.device_write_bps);
    limits.read_operations = find_devices(resources.device_read_iops);
    limits.write_operations = find_devices(resources.device_write_iops);
    return limits;
}

}  // namespace skiff::engine
