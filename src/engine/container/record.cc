// SPDX-License-Identifier: Apache-2.0
#include "engine/container/record.h"

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json.h"
#include "engine/container/update.h"

// gcc 12 loses sight of what an aggregate's default member initialisers initialise.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#endif

namespace nlohmann {

template <typename T>
struct adl_serializer<std::optional<T>> {
    static void to_json(json& j, const std::optional<T>& value) {
        if (value) {
            j = *value;
        } else {
            j = nullptr;
        }
    }
    static void from_json(const json& j, std::optional<T>& value) {
        if (j.is_null()) {
            value.reset();
        } else {
            value = j.get<T>();
        }
    }
};

template <>
struct adl_serializer<skiff::Timestamp> {
    static void to_json(json& j, const skiff::Timestamp& value) { j = skiff::to_rfc3339(value); }
    static void from_json(const json& j, skiff::Timestamp& value) {
        const auto parsed = skiff::parse_rfc3339(j.get<std::string>());
        if (!parsed)
            throw skiff::Error(skiff::ErrorKind::invalid, "'{}' is no time", j.get<std::string>());
        value = *parsed;
    }
};

}  // namespace nlohmann

namespace skiff {
namespace {

template <typename T>
void write_member(Json& object, const char* key, const T& value, const T& fallback) {
    Json json = value;
    if (json != Json(fallback)) object[key] = std::move(json);
}

template <typename T>
void read_member(const Json& object, const char* key, T& value) {
    if (const auto member = object.find(key); member != object.end()) member->get_to(value);
}

}  // namespace
}  // namespace skiff

// A member that has its default is not written, and one that is absent has its default: most of a
// request is, and `ps` reads the record of each container. So a default never changes; what shall
// mean something else gets another name. (It is also how a record of an older skiff reads as what
// it meant then.)
#define SKIFF_WRITE(member) write_member(json, #member, value.member, defaults.member);
#define SKIFF_READ(member) read_member(json, #member, value.member);
#define SKIFF_MEMBERS(Type, ...)                                            \
    inline void to_json(Json& json, const Type& value) {                    \
        static const Type defaults{};                                       \
        json = Json::object();                                              \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(SKIFF_WRITE, __VA_ARGS__)) \
    }                                                                       \
    inline void from_json(const Json& json, Type& value) {                  \
        NLOHMANN_JSON_EXPAND(NLOHMANN_JSON_PASTE(SKIFF_READ, __VA_ARGS__))  \
    }

namespace skiff::runtime {

SKIFF_MEMBERS(ContainerGroup, hierarchy, path)
SKIFF_MEMBERS(IdExtent, inside, outside, count)
SKIFF_MEMBERS(IdMaps, uids, gids)

}  // namespace skiff::runtime

namespace skiff::engine {

// Not in an unnamed namespace: there nobody would find them, and numbers be written.
NLOHMANN_JSON_SERIALIZE_ENUM(PullPolicy, {{PullPolicy::missing, "missing"},
                                          {PullPolicy::never, "never"},
                                          {PullPolicy::always, "always"},
                                          {PullPolicy::newer, "newer"}})
NLOHMANN_JSON_SERIALIZE_ENUM(MountType, {{MountType::bind, "bind"},
                                         {MountType::tmpfs, "tmpfs"},
                                         {MountType::volume, "volume"},
                                         {MountType::image, "image"}})
NLOHMANN_JSON_SERIALIZE_ENUM(ContainerStatus, {{ContainerStatus::created, "created"},
                                               {ContainerStatus::running, "running"},
                                               {ContainerStatus::restarting, "restarting"},
                                               {ContainerStatus::exited, "exited"}})

SKIFF_MEMBERS(MountRequest, type, source, target, read_only, recursive, writable_submounts,
              forced_read_only, create_source, short_form, mode, propagation, options, no_copy,
              anonymous, subpath, driver, driver_options, labels, layers, overlay, chown, idmap)
SKIFF_MEMBERS(Ulimit, name, soft, hard)
SKIFF_MEMBERS(DeviceNumber, path, value)
SKIFF_MEMBERS(Resources, memory, memory_reservation, memory_swap, memory_swappiness,
              oom_kill_disable, oom_score_adj, nano_cpus, cpu_period, cpu_quota, cpu_shares,
              cpu_rt_period, cpu_rt_runtime, cpuset_cpus, cpuset_mems, pids_limit, blkio_weight,
              blkio_weight_device, device_read_bps, device_write_bps, device_read_iops,
              device_write_iops, cgroup_parent, kernel_memory, cpu_count, cpu_percent,
              io_max_operations, io_max_bandwidth)
SKIFF_MEMBERS(NamespaceModes, pid, ipc, uts, network, cgroup, user)
SKIFF_MEMBERS(SlirpRequest, cidr, mtu, host_loopback, egress)
SKIFF_MEMBERS(SecurityRequest, cap_add, cap_drop, privileged, no_new_privileges, apparmor, labels,
              open_system_paths, masked, unmasked, seccomp, seccomp_is_profile, seccomp_file,
              nested)
SKIFF_MEMBERS(DeviceRequest, path, target, access)
SKIFF_MEMBERS(GpuRequest, driver, count, ids, capabilities)
SKIFF_MEMBERS(HealthRequest, none, command, interval, timeout, start_period, start_interval,
              retries)
SKIFF_MEMBERS(HealthConfig, test, interval, timeout, start_period, start_interval, retries)
SKIFF_MEMBERS(HealthEntry, start, end, exit_code, output)
SKIFF_MEMBERS(HealthState, status, failing_streak, log)
SKIFF_MEMBERS(PortRequest, host_ip, host_port, container_port, protocol, inherited)
SKIFF_MEMBERS(PublishedPort, host_ip, host_port, container_port, protocol)
SKIFF_MEMBERS(LogRequest, driver, options)
SKIFF_MEMBERS(StorageRequest, options, size, inodes)
SKIFF_MEMBERS(DefaultEnvironment, base, unset, unset_all)
SKIFF_MEMBERS(AccountRequest, passwd_entry, group_entry, add, host_users)
SKIFF_MEMBERS(SecretRequest, id, source, variable, target, uid, gid, mode)
SKIFF_MEMBERS(CreateRequest, image, command, entrypoint, name, hostname, user, working_directory,
              environment, labels, mounts, volumes_from, volume_driver, add_hosts, dns, dns_search,
              dns_options, publish, publish_all, expose, slirp, ulimits, resources, namespaces, log,
              security, group_add, sysctls, devices, cdi_devices, gpus, cdi_directories,
              device_rules, shm_size, stop_signal, stop_timeout, runtime, health, restart, pull,
              platform, read_only, init, init_path, attach, interactive, tty, detach, auto_remove,
              default_environment, annotations, domainname, timezone, umask, timeout, no_hosts,
              no_hostname, accounts, requirements, systemd, rootfs, secrets, storage)
SKIFF_MEMBERS(CallerAccount, user, group, description, home)
SKIFF_MEMBERS(EffectiveConfig, entrypoint, command, environment, user, working_directory, hostname,
              stop_signal, labels, exposed_ports, volumes, health, health_shell)
SKIFF_MEMBERS(ContainerState, status, pid, pid_start_time, monitor_pid, monitor_start_time, boot_id,
              started_at, finished_at, exit_code, oom_killed, cgroups, paused, paused_by, ports,
              health, restart_count, error, network_lost, less, uid, gid, groups, home,
              device_environment)

namespace {

template <typename Read>
auto checked(std::string_view text, std::string_view name, Read read) {
    const Json json = parse_json(text, name);
    const long long format = json_integer(json, "format", name);
    if (format > record_format)
        throw Error(ErrorKind::unsupported,
                    "{} was written by a newer skiff (format {}, this one reads up to {})", name,
                    format, record_format);
    try {
        return read(json);
    } catch (const Json::exception& error) {
        throw Error(ErrorKind::invalid, "{}: {}", name, error.what());
    } catch (Error& error) {
        error.prepend(name);
        throw;
    }
}

/// Of images that are mounted; they stay as long as the container.
std::vector<std::string> mounted_layers(const ContainerRecord& record) {
    std::vector<std::string> layers;
    for (const MountRequest& mount : record.mounts)
        layers.insert(layers.end(), mount.layers.begin(), mount.layers.end());
    return layers;
}

}  // namespace

std::string to_document(const ContainerRecord& record) {
    // "image", "layers" and "mounted_layers" are what the store's collection reads.
    Json json = {{"format", record_format},
                 {"id", record.id},
                 {"name", record.name},
                 {"created", record.created},
                 {"image", record.image_id},
                 {"image_name", record.image_name},
                 {"built_in", record.built_in},
                 {"layers", record.layers},
                 {"request", record.request},
                 {"config", record.config},
                 {"mounts", record.mounts},
                 {"mounted_layers", mounted_layers(record)},
                 {"rootfs", record.rootfs},
                 {"rootfs_overlay", record.rootfs_overlay},
                 {"host_accounts", record.host_accounts},
                 {"by_run", record.by_run},
                 {"build_layer", record.build_layer},
                 {"run_root", record.run_root}};
    write_member(json, "id_maps", record.id_maps, {});
    write_member(json, "caller", record.caller, {});
    return to_text(json);
}

ContainerRecord parse_record(std::string_view text, std::string_view name) {
    return checked(text, name, [](const Json& json) {
        ContainerRecord record;
        json.at("id").get_to(record.id);
        json.at("name").get_to(record.name);
        json.at("created").get_to(record.created);
        json.at("image").get_to(record.image_id);
        json.at("image_name").get_to(record.image_name);
        record.built_in = json.value("built_in", "");
        json.at("layers").get_to(record.layers);
        json.at("request").get_to(record.request);
        json.at("config").get_to(record.config);
        if (const auto mounts = json.find("mounts"); mounts != json.end()) {
            mounts->get_to(record.mounts);
        } else {
            record.mounts = record.request.mounts;  // made before there were volumes
        }
        record.rootfs = json.value("rootfs", "");
        record.rootfs_overlay = json.value("rootfs_overlay", false);
        read_member(json, "id_maps", record.id_maps);
        read_member(json, "caller", record.caller);
        record.host_accounts = json.value("host_accounts", std::vector<std::string>());
        record.by_run = json.value("by_run", false);
        record.build_layer = json.value("build_layer", "");
        record.run_root = json.value("run_root", "");
        return record;
    });
}

std::string to_document(const UpdateRequest& request) {
    return to_text({{"format", record_format},
                    {"resources", request.resources},
                    {"restart", request.restart},
                    {"groups", request.groups}});
}

UpdateRequest parse_update_request(std::string_view text, std::string_view name) {
    return checked(text, name, [](const Json& json) {
        UpdateRequest request;
        json.at("resources").get_to(request.resources);
        json.at("groups").get_to(request.groups);
        request.restart = json.at("restart").get<std::optional<std::string>>();
        return request;
    });
}

std::string_view to_string(ContainerStatus status) {
    switch (status) {
        case ContainerStatus::created:
            return "created";
        case ContainerStatus::running:
            return "running";
        case ContainerStatus::restarting:
            return "restarting";
        case ContainerStatus::exited:
            return "exited";
    }
    return "";
}

bool is_paused(const ContainerState& state) {
    return state.status == ContainerStatus::running && state.paused;
}

std::string_view status_text(const ContainerState& state) {
    return is_paused(state) ? "paused" : to_string(state.status);
}

std::string to_document(const ContainerState& state) {
    Json json = state;
    json["format"] = record_format;
    json["status"] = state.status;  // said in any case, for whoever looks at the file
    return to_text(json);
}

ContainerState parse_state(std::string_view text, std::string_view name) {
    return checked(text, name, [](const Json& json) { return json.get<ContainerState>(); });
}

}  // namespace skiff::engine
