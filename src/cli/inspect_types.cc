// SPDX-License-Identifier: Apache-2.0
#include "cli/inspect_types.h"

#include <array>

#include "gotemplate/json_value.h"
#include "gotemplate/time_value.h"

namespace skiff::cli {
namespace {

using gotemplate::any_list_type;
using gotemplate::any_map_type;
using gotemplate::bool_type;
using gotemplate::duration_type;
using gotemplate::Field;
using gotemplate::int64_type;
using gotemplate::int_type;
using gotemplate::json_field;
using gotemplate::Kind;
using gotemplate::string_list_type;
using gotemplate::string_map_type;
using gotemplate::string_type;
using gotemplate::time_type;
using gotemplate::Type;

/// A member; `key` is its name in JSON where Go's is another.
constexpr Field member(std::string_view name, const Type& type, std::string_view key = {}) {
    return {.name = name, .get = json_field, .type = &type, .json_key = key};
}
constexpr Field text(std::string_view name, std::string_view key = {}) {
    return member(name, string_type, key);
}
constexpr Field yes_no(std::string_view name) {
    return member(name, bool_type);
}
constexpr Field texts(std::string_view name, std::string_view key = {}) {
    return member(name, string_list_type, key);
}
/// Go's omitempty.
constexpr Field optional(Field field) {
    field.omit_empty = true;
    return field;
}
constexpr Type record(std::string_view name, std::span<const Field> fields) {
    return {.kind = Kind::record, .name = name, .fields = fields};
}
/// A pointer to a record, nil when absent.
constexpr Type pointer(std::string_view name, std::span<const Field> fields) {
    return {.kind = Kind::record, .name = name, .fields = fields, .pointer = true};
}
constexpr Type list_of(std::string_view name, const Type& element) {
    return {.kind = Kind::list, .name = name, .element = &element};
}
constexpr Type map_of(std::string_view name, const Type& element) {
    return {.kind = Kind::map, .name = name, .element = &element};
}

// --- what containers and images share

constexpr Type empty_type = record("struct {}", {});
constexpr Type path_set_type = map_of("map[string]struct {}", empty_type);
constexpr Type port_set_type = map_of("nat.PortSet", empty_type);

constexpr std::array health_config_fields{
    optional(texts("Test")),
    optional(member("Interval", duration_type)),
    optional(member("Timeout", duration_type)),
    optional(member("StartPeriod", duration_type)),
    optional(member("StartInterval", duration_type)),
    optional(member("Retries", int_type)),
};
constexpr Type health_config_type = pointer("*container.HealthConfig", health_config_fields);

constexpr std::array config_fields{
    text("Hostname"),
    text("Domainname"),
    text("User"),
    yes_no("AttachStdin"),
    yes_no("AttachStdout"),
    yes_no("AttachStderr"),
    optional(member("ExposedPorts", port_set_type)),
    yes_no("Tty"),
    yes_no("OpenStdin"),
    yes_no("StdinOnce"),
    texts("Env"),
    texts("Cmd"),
    optional(member("Healthcheck", health_config_type)),
    text("Image"),
    member("Volumes", path_set_type),
    text("WorkingDir"),
    texts("Entrypoint"),
    texts("OnBuild"),
    member("Labels", string_map_type),
    optional(text("StopSignal")),
    optional(member("StopTimeout", int_type)),
    optional(texts("Shell")),
};
constexpr Type config_type = pointer("*container.Config", config_fields);

constexpr std::array graph_driver_fields{member("Data", string_map_type), text("Name")};
constexpr Type graph_driver_type = record("storage.DriverData", graph_driver_fields);

// --- containers

constexpr std::array health_result_fields{member("Start", time_type), member("End", time_type),
                                          member("ExitCode", int_type), text("Output")};
constexpr Type health_result_type = pointer("*container.HealthcheckResult", health_result_fields);
constexpr Type health_results_type = list_of("[]*container.HealthcheckResult", health_result_type);
constexpr std::array health_fields{text("Status"), member("FailingStreak", int_type),
                                   member("Log", health_results_type)};
constexpr Type health_type = pointer("*container.Health", health_fields);
constexpr std::array state_fields{
    text("Status"),          yes_no("Running"),
    yes_no("Paused"),        yes_no("Restarting"),
    yes_no("OOMKilled"),     yes_no("Dead"),
    member("Pid", int_type), member("ExitCode", int_type),
    text("Error"),           text("StartedAt"),
    text("FinishedAt"),      optional(member("Health", health_type)),
};
constexpr Type state_type = pointer("*container.State", state_fields);

constexpr std::array log_config_fields{text("Type"), member("Config", string_map_type)};
constexpr Type log_config_type = record("container.LogConfig", log_config_fields);
constexpr std::array restart_policy_fields{text("Name"), member("MaximumRetryCount", int_type)};
constexpr Type restart_policy_type = record("container.RestartPolicy", restart_policy_fields);
constexpr std::array port_binding_fields{text("HostIP", "HostIp"), text("HostPort")};
constexpr Type port_binding_type = record("nat.PortBinding", port_binding_fields);
constexpr Type port_bindings_type = list_of("[]nat.PortBinding", port_binding_type);
constexpr Type port_map_type = map_of("nat.PortMap", port_bindings_type);
constexpr Type console_size_type = list_of("[2]uint", gotemplate::uint64_type);

constexpr std::array ulimit_fields{text("Name"), member("Hard", int64_type),
                                   member("Soft", int64_type)};
constexpr Type ulimit_type = pointer("*units.Ulimit", ulimit_fields);
constexpr Type ulimits_type = list_of("[]*units.Ulimit", ulimit_type);

constexpr std::array device_fields{text("PathOnHost"), text("PathInContainer"),
                                   text("CgroupPermissions")};
constexpr Type device_type = record("container.DeviceMapping", device_fields);
constexpr Type devices_type = list_of("[]container.DeviceMapping", device_type);
constexpr std::array device_request_fields{
    text("Driver"), member("Count", int_type), texts("DeviceIDs"),
    member("Capabilities", any_list_type), member("Options", string_map_type)};
constexpr Type device_request_type = record("container.DeviceRequest", device_request_fields);
constexpr Type device_requests_type = list_of("[]container.DeviceRequest", device_request_type);

constexpr std::array resources_fields{
    member("CPUShares", int64_type, "CpuShares"),
    member("Memory", int64_type),
    member("NanoCPUs", int64_type, "NanoCpus"),
    text("CgroupParent"),
    member("BlkioWeight", int64_type),
    member("BlkioWeightDevice", any_list_type),
    member("BlkioDeviceReadBps", any_list_type),
    member("BlkioDeviceWriteBps", any_list_type),
    member("BlkioDeviceReadIOps", any_list_type),
    member("BlkioDeviceWriteIOps", any_list_type),
    member("CPUPeriod", int64_type, "CpuPeriod"),
    member("CPUQuota", int64_type, "CpuQuota"),
    member("CPURealtimePeriod", int64_type, "CpuRealtimePeriod"),
    member("CPURealtimeRuntime", int64_type, "CpuRealtimeRuntime"),
    text("CpusetCpus"),
    text("CpusetMems"),
    member("Devices", devices_type),
    texts("DeviceCgroupRules"),
    member("DeviceRequests", device_requests_type),
    member("MemoryReservation", int64_type),
    member("MemorySwap", int64_type),
    Field{.name = "MemorySwappiness", .get = json_field},  // *int64: null when not set
    yes_no("OomKillDisable"),
    Field{.name = "PidsLimit", .get = json_field},
    member("Ulimits", ulimits_type),
    optional(member("KernelMemory", int64_type)),
    member("CPUCount", int64_type, "CpuCount"),
    member("CPUPercent", int64_type, "CpuPercent"),
    member("IOMaximumIOps", int64_type),
    member("IOMaximumBandwidth", int64_type),
};
constexpr Type resources_type = record("container.Resources", resources_fields);

/// An embedded struct: its fields are the outer one's, and `.Resources` is all of them.
constexpr Field embedded_resources{
    .name = "Resources",
    .get = [](const void* record, const Field&,
              gotemplate::Scratch&) { return gotemplate::Value::record(record, resources_type); },
    .type = &resources_type,
    .method = true};

constexpr std::array host_config_own_fields{
    texts("Binds"),
    text("ContainerIDFile"),
    member("LogConfig", log_config_type),
    text("NetworkMode"),
    member("PortBindings", port_map_type),
    member("RestartPolicy", restart_policy_type),
    yes_no("AutoRemove"),
    text("VolumeDriver"),
    texts("VolumesFrom"),
    texts("CapAdd"),
    texts("CapDrop"),
    text("CgroupnsMode"),
    texts("DNS", "Dns"),
    texts("DNSOptions", "DnsOptions"),
    texts("DNSSearch", "DnsSearch"),
    texts("ExtraHosts"),
    texts("GroupAdd"),
    text("IpcMode"),
    text("Cgroup"),
    texts("Links"),
    member("OomScoreAdj", int_type),
    text("PidMode"),
    yes_no("Privileged"),
    yes_no("PublishAllPorts"),
    yes_no("ReadonlyRootfs"),
    texts("SecurityOpt"),
    optional(member("StorageOpt", string_map_type)),
    optional(member("Tmpfs", string_map_type)),
    text("UTSMode"),
    text("UsernsMode"),
    member("ShmSize", int64_type),
    optional(member("Sysctls", string_map_type)),
    optional(text("Runtime")),
    member("ConsoleSize", console_size_type),
    optional(member("Annotations", string_map_type)),
    text("Isolation"),
    embedded_resources,
};
constexpr std::array host_config_last_fields{
    optional(member("Mounts", any_list_type)),
    texts("MaskedPaths"),
    texts("ReadonlyPaths"),
    optional(yes_no("Init")),
};

template <size_t... sizes>
constexpr auto all_of(const std::array<Field, sizes>&... parts) {
    std::array<Field, (sizes + ...)> all{};
    size_t next = 0;
    const auto add = [&](const auto& part) {
        for (const Field& field : part) all[next++] = field;
    };
    (add(parts), ...);
    return all;
}
constexpr auto host_config_fields =
    all_of(host_config_own_fields, resources_fields, host_config_last_fields);
constexpr Type host_config_type = pointer("*container.HostConfig", host_config_fields);

constexpr std::array mount_fields{
    text("Type"),        optional(text("Name")),   text("Source"),
    text("Destination"), optional(text("Driver")), text("Mode"),
    yes_no("RW"),        text("Propagation"),
};
constexpr Type mount_type = record("container.MountPoint", mount_fields);
constexpr Type mounts_type = list_of("[]container.MountPoint", mount_type);

constexpr std::array endpoint_fields{
    member("IPAMConfig", any_map_type),
    texts("Links"),
    texts("Aliases"),
    text("NetworkID"),
    text("EndpointID"),
    text("Gateway"),
    text("IPAddress"),
    member("IPPrefixLen", int_type),
    text("IPv6Gateway"),
    text("GlobalIPv6Address"),
    member("GlobalIPv6PrefixLen", int_type),
    text("MacAddress"),
    member("DriverOpts", string_map_type),
};
constexpr Type endpoint_type = pointer("*network.EndpointSettings", endpoint_fields);
constexpr Type networks_type = map_of("map[string]*network.EndpointSettings", endpoint_type);
constexpr std::array network_fields{
    text("Bridge"),
    text("SandboxID"),
    yes_no("HairpinMode"),
    text("LinkLocalIPv6Address"),
    member("LinkLocalIPv6PrefixLen", int_type),
    member("Ports", port_map_type),
    text("SandboxKey"),
    member("SecondaryIPAddresses", any_list_type),
    member("SecondaryIPv6Addresses", any_list_type),
    text("EndpointID"),
    text("Gateway"),
    text("GlobalIPv6Address"),
    member("GlobalIPv6PrefixLen", int_type),
    text("IPAddress"),
    member("IPPrefixLen", int_type),
    text("IPv6Gateway"),
    text("MacAddress"),
    member("Networks", networks_type),
};
constexpr Type network_settings_type = pointer("*container.NetworkSettings", network_fields);

constexpr std::array container_base_fields{
    text("ID", "Id"),
    text("Created"),
    text("Path"),
    texts("Args"),
    member("State", state_type),
    text("Image"),
    text("ResolvConfPath"),
    text("HostnamePath"),
    text("HostsPath"),
    text("LogPath"),
    text("Name"),
    member("RestartCount", int_type),
    text("Driver"),
    text("Platform"),
    text("MountLabel"),
    text("ProcessLabel"),
    text("AppArmorProfile"),
    texts("ExecIDs"),
    member("HostConfig", host_config_type),
    member("GraphDriver", graph_driver_type),
};
constexpr std::array size_fields{
    member("SizeRw", int64_type),
    member("SizeRootFs", int64_type),
};
/// Without --size they are nil pointers.
constexpr std::array no_size_fields{
    optional(Field{.name = "SizeRw", .get = json_field}),
    optional(Field{.name = "SizeRootFs", .get = json_field}),
};
constexpr std::array container_last_fields{
    member("Mounts", mounts_type),
    member("Config", config_type),
    member("NetworkSettings", network_settings_type),
};
constexpr auto container_fields =
    all_of(container_base_fields, no_size_fields, container_last_fields);
constexpr auto sized_container_fields =
    all_of(container_base_fields, size_fields, container_last_fields);

// --- images

constexpr std::array root_fs_fields{optional(text("Type")), optional(texts("Layers"))};
constexpr Type root_fs_type = record("image.RootFS", root_fs_fields);
constexpr std::array metadata_fields{optional(member("LastTagTime", time_type))};
constexpr Type metadata_type = record("image.Metadata", metadata_fields);
constexpr std::array image_fields{
    text("ID", "Id"),
    texts("RepoTags"),
    texts("RepoDigests"),
    text("Parent"),
    text("Comment"),
    text("Created"),
    text("DockerVersion"),
    text("Author"),
    member("Config", config_type),
    text("Architecture"),
    optional(text("Variant")),
    text("Os"),
    optional(text("OsVersion")),
    member("Size", int64_type),
    member("VirtualSize", int64_type),
    member("GraphDriver", graph_driver_type),
    member("RootFS", root_fs_type),
    member("Metadata", metadata_type),
};

// --- volumes

constexpr std::array secret_driver_fields{text("Name"), member("Options", string_map_type)};
constexpr Type secret_driver_type = record("define.SecretDriverSpec", secret_driver_fields);
constexpr std::array secret_spec_fields{text("Name"), member("Driver", secret_driver_type),
                                        member("Labels", string_map_type)};
constexpr Type secret_spec_type = record("define.SecretSpec", secret_spec_fields);
constexpr std::array secret_fields{text("ID"), text("CreatedAt"), text("UpdatedAt"),
                                   member("Spec", secret_spec_type), optional(text("SecretData"))};

constexpr std::array volume_fields{
    optional(text("CreatedAt")),
    text("Driver"),
    member("Labels", string_map_type),
    text("Mountpoint"),
    text("Name"),
    member("Options", string_map_type),
    text("Scope"),
};

}  // namespace

constexpr Type secret_inspect_type = record("define.SecretInfoReport", secret_fields);
constexpr Type volume_inspect_type = record("volume.Volume", volume_fields);
constexpr Type container_inspect_type = record("container.InspectResponse", container_fields);
constexpr Type sized_container_inspect_type =
    record("container.InspectResponse", sized_container_fields);
constexpr Type image_inspect_type = record("image.InspectResponse", image_fields);

}  // namespace skiff::cli
