// SPDX-License-Identifier: Apache-2.0
#include "engine/container/resources_json.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"

namespace skiff::engine {
namespace {

Json devices(const std::vector<DeviceNumber>& list, const char* value) {
    Json json = Json::array();
    for (const DeviceNumber& device : list)
        json.push_back({{"Path", device.path}, {value, device.value}});
    return json;
}

/// Only what was asked.
template <typename T>
void put(Json& json, const char* key, const T& value) {
    if (value != T{}) json[key] = value;
}

Json oci_memory(const runtime::GroupLimits& limits) {
    Json json = Json::object();
    put(json, "limit", limits.memory);
    put(json, "reservation", limits.memory_reservation);
    put(json, "swap", limits.memory_and_swap);
    if (limits.swappiness) json["swappiness"] = *limits.swappiness;
    put(json, "disableOOMKiller", limits.disable_oom_killer);
    return json;
}

Json oci_cpu(const runtime::GroupLimits& limits) {
    Json json = Json::object();
    put(json, "shares", limits.cpu_shares);
    put(json, "quota", limits.cpu_quota);
    put(json, "period", limits.cpu_period);
    put(json, "realtimeRuntime", limits.realtime_runtime);
    put(json, "realtimePeriod", limits.realtime_period);
    put(json, "cpus", limits.cpus);
    put(json, "mems", limits.memory_nodes);
    return json;
}

void put_devices(Json& json, const char* key, const std::vector<runtime::DeviceLimit>& list,
                 const char* value) {
    for (const runtime::DeviceLimit& device : list)
        json[key].push_back(
            {{"major", device.major}, {"minor", device.minor}, {value, device.value}});
}

Json oci_block_io(const runtime::GroupLimits& limits) {
    Json json = Json::object();
    put(json, "weight", limits.blkio_weight);
    put_devices(json, "weightDevice", limits.blkio_weights, "weight");
    put_devices(json, "throttleReadBpsDevice", limits.read_bytes, "rate");
    put_devices(json, "throttleWriteBpsDevice", limits.write_bytes, "rate");
    put_devices(json, "throttleReadIOPSDevice", limits.read_operations, "rate");
    put_devices(json, "throttleWriteIOPSDevice", limits.write_operations, "rate");
    return json;
}

Json docker_devices(const CreateRequest& request) {
    Json list = Json::array();
    for (const DeviceRequest& device : request.devices)
        list.push_back({{"PathOnHost", device.path},
                        {"PathInContainer", device.target},
                        {"CgroupPermissions", device.access}});
    return list;
}

/// docker/cli's: the GPUs, and all CDI names as one more.
Json device_requests(const CreateRequest& request) {
    Json list = Json::array();
    for (const GpuRequest& gpu : request.gpus)
        list.push_back({{"Driver", gpu.driver},
                        {"Count", gpu.count},
                        {"DeviceIDs", gpu.ids.empty() ? Json(nullptr) : Json(gpu.ids)},
                        {"Capabilities", {gpu.capabilities}},
                        {"Options", Json::object()}});
    if (!request.cdi_devices.empty())
        list.push_back({{"Driver", "cdi"},
                        {"Count", 0},
                        {"DeviceIDs", request.cdi_devices},
                        {"Capabilities", nullptr},
                        {"Options", nullptr}});
    return list.empty() ? Json(nullptr) : list;
}

Json oci_devices(std::span<const runtime::DeviceRule> rules) {
    Json list = Json::array({{{"allow", false}, {"access", "rwm"}}});
    for (const runtime::DeviceRule& rule : rules) {
        Json row = {{"allow", true},
                    {"type", std::string(1, rule.type)},
                    {"access", fmt::format("{}{}{}", rule.read ? "r" : "", rule.write ? "w" : "",
                                           rule.make ? "m" : "")}};
        if (rule.major) row["major"] = *rule.major;
        if (rule.minor) row["minor"] = *rule.minor;
        list.push_back(std::move(row));
    }
    return list;
}

}  // namespace

Json docker_resources(const CreateRequest& request) {
    const Resources& r = request.resources;
    Json ulimits = Json::array();
    for (const Ulimit& limit : request.ulimits)
        ulimits.push_back({{"Name", limit.name}, {"Hard", limit.hard}, {"Soft", limit.soft}});
    Json json = {
        {"CpuShares", r.cpu_shares},
        {"Memory", r.memory},
        {"NanoCpus", r.nano_cpus},
        {"CgroupParent", r.cgroup_parent},
        {"BlkioWeight", r.blkio_weight},
        {"BlkioWeightDevice", devices(r.blkio_weight_device, "Weight")},
        {"BlkioDeviceReadBps", devices(r.device_read_bps, "Rate")},
        {"BlkioDeviceWriteBps", devices(r.device_write_bps, "Rate")},
        {"BlkioDeviceReadIOps", devices(r.device_read_iops, "Rate")},
        {"BlkioDeviceWriteIOps", devices(r.device_write_iops, "Rate")},
        {"CpuPeriod", r.cpu_period},
        {"CpuQuota", r.cpu_quota},
        {"CpuRealtimePeriod", r.cpu_rt_period},
        {"CpuRealtimeRuntime", r.cpu_rt_runtime},
        {"CpusetCpus", r.cpuset_cpus},
        {"CpusetMems", r.cpuset_mems},
        {"Devices", docker_devices(request)},
        {"DeviceCgroupRules",
         request.device_rules.empty() ? Json(nullptr) : Json(request.device_rules)},
        {"DeviceRequests", device_requests(request)},
        {"KernelMemory", r.kernel_memory},
        {"KernelMemoryTCP", 0},
        {"MemoryReservation", r.memory_reservation},
        {"MemorySwap", effective_memory_swap(r)},
        {"MemorySwappiness", r.memory_swappiness ? Json(*r.memory_swappiness) : Json(nullptr)},
        {"OomKillDisable", r.oom_kill_disable},
        {"PidsLimit", r.pids_limit ? Json(*r.pids_limit) : Json(nullptr)},
        {"Ulimits", ulimits},
        {"CpuCount", r.cpu_count},
        {"CpuPercent", r.cpu_percent},
        {"IOMaximumIOps", r.io_max_operations},
        {"IOMaximumBandwidth", r.io_max_bandwidth}};
    put(json, "KernelMemory", r.kernel_memory);
    return json;
}

std::string oci_resources(const runtime::GroupLimits& limits,
                          std::span<const runtime::DeviceRule> devices) {
    Json json = Json::object();
    if (!devices.empty()) json["devices"] = oci_devices(devices);
    const auto add = [&](const char* key, Json part) {
        if (!part.empty()) json[key] = std::move(part);
    };
    add("memory", oci_memory(limits));
    add("cpu", oci_cpu(limits));
    if (limits.pids != 0) json["pids"] = {{"limit", limits.pids}};
    add("blockIO", oci_block_io(limits));
    return json.empty() ? "" : to_text(json);
}

}  // namespace skiff::engine
