// SPDX-License-Identifier: Apache-2.0
// Docker's inspect document, and the OCI one.
#include <algorithm>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/signal_name.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/container_network.h"
#include "engine/container/create.h"
#include "engine/container/egress_log.h"
#include "engine/container/external_runtime.h"
#include "engine/container/inspect_mounts.h"
#include "engine/container/lifecycle.h"
#include "engine/container/log_options.h"
#include "engine/container/namespace_sharing.h"
#include "engine/container/resources_json.h"
#include "engine/container/restart_policy.h"
#include "engine/container/spec_builder.h"
#include "engine/container/spec_facts.h"
#include "engine/container/user_lookup.h"
#include "monitor/log_files.h"
#include "runtime/plan/plan_builder.h"

namespace skiff::engine {
namespace {

Json health_json(const HealthState& health) {
    Json log = Json::array();
    for (const HealthEntry& entry : health.log)
        log.push_back({{"Start", to_rfc3339(entry.start)},
                       {"End", to_rfc3339(entry.end)},
                       {"ExitCode", entry.exit_code},
                       {"Output", entry.output}});
    return {{"Status", health.status}, {"FailingStreak", health.failing_streak}, {"Log", log}};
}

Json state_json(const ContainerState& state) {
    const bool running = is_active(state.status);
    Json json = {{"Status", status_text(state)},
                 {"Running", running},
                 {"Paused", is_paused(state)},
                 {"Restarting", state.status == ContainerStatus::restarting},
                 {"OOMKilled", state.oom_killed},
                 {"Dead", false},
                 {"Pid", state.pid},
                 {"ExitCode", state.status == ContainerStatus::running ? 0 : state.exit_code},
                 {"Error", state.error.empty() ? state.network_lost : state.error},
                 {"StartedAt", to_rfc3339(state.started_at)},
                 {"FinishedAt", to_rfc3339(state.finished_at)},
                 {"Less", state.less}};
    if (!state.health.status.empty()) json["Health"] = health_json(state.health);
    if (is_paused(state)) json["PausedBy"] = state.paused_by;
    return json;
}

/// The newest file; empty where there is none, as in Docker.
std::string log_path(const ContainerFiles& files, const LogRequest& log) {
    if (!keeps_log(log)) return "";
    return fmt::format("{}/{}", files.path(), monitor::log_file_name(log_format(log)));
}

/// Docker writes an empty list as null here.
Json list_or_null(const std::vector<std::string>& list) {
    return list.empty() ? Json(nullptr) : Json(list);
}

Json security_options(const SecurityRequest& security) {
    Json list = Json::array();
    if (security.no_new_privileges) list.push_back("no-new-privileges");
    if (!security.apparmor.empty()) list.push_back("apparmor=" + security.apparmor);
    for (const std::string& label : security.labels) list.push_back("label=" + label);
    if (security.open_system_paths) list.push_back("systempaths=unconfined");
    const auto paths = [&](const char* key, const std::vector<std::string>& values) {
        if (!values.empty()) list.push_back(fmt::format("{}={}", key, join(values, ":")));
    };
    paths("mask", security.masked);
    paths("unmask", security.unmasked);
    if (security.seccomp_is_profile || !security.seccomp.empty())
        list.push_back("seccomp=" + security.seccomp);
    return list.empty() ? Json(nullptr) : list;
}

Json port_bindings(const CreateRequest& request) {
    Json bindings = Json::object();
    for (const PortRequest& port : request.publish)
        bindings[port_key(port.container_port, port.protocol)].push_back(
            {{"HostIp", port.host_ip}, {"HostPort", port.host_port}});
    return bindings;
}

/// Of a running container: where each exposed port can be reached, null for one that is not
/// published.
Json published_ports(const ContainerRecord& record, const ContainerState& state) {
    Json ports = Json::object();
    if (state.status != ContainerStatus::running || !has_private_network(record.request))
        return ports;
    for (const std::string& key : record.config.exposed_ports) ports[key] = nullptr;
    for (const PublishedPort& port : state.ports)
        ports[port_key(port.container_port, port.protocol)].push_back(
            {{"HostIp", port.host_ip}, {"HostPort", std::to_string(port.host_port)}});
    return ports;
}

Json host_config(const ContainerRecord& record, const std::string& runtime) {
    const CreateRequest& request = record.request;
    const bool privileged = request.security.privileged;
    const RestartPolicy restart = parse_restart_policy(request.restart);
    Json json = {
        {"ContainerIDFile", ""},
        {"LogConfig", {{"Type", request.log.driver}, {"Config", request.log.options}}},
        {"NetworkMode", network_mode(request)},
        {"PortBindings", port_bindings(request)},
        {"RestartPolicy", {{"Name", name_of(restart)}, {"MaximumRetryCount", restart.retries}}},
        {"AutoRemove", request.auto_remove},
        {"CapAdd", list_or_null(request.security.cap_add)},
        {"CapDrop", list_or_null(request.security.cap_drop)},
        {"CgroupnsMode", request.namespaces.cgroup.empty() ? "private" : request.namespaces.cgroup},
        {"Dns", request.dns},
        {"DnsOptions", request.dns_options},
        {"DnsSearch", request.dns_search},
        {"ExtraHosts", list_or_null(request.add_hosts)},
        {"GroupAdd", list_or_null(request.group_add)},
        {"IpcMode", request.namespaces.ipc.empty() ? "private" : request.namespaces.ipc},
        {"Cgroup", ""},
        {"Links", nullptr},
        {"OomScoreAdj", request.resources.oom_score_adj},
        {"PidMode", request.namespaces.pid},
        {"Privileged", privileged},
        {"PublishAllPorts", request.publish_all},
        {"ReadonlyRootfs", request.read_only},
        {"SecurityOpt", security_options(request.security)},
        {"UTSMode", request.namespaces.uts},
        {"UsernsMode", request.namespaces.user},
        {"ShmSize", request.shm_size.value_or(64U << 20U)},
        {"Runtime", runtime},
        {"ConsoleSize", {0, 0}},
        {"Isolation", ""},
        {"MaskedPaths", privileged ? Json(nullptr) : Json(masked_paths(request.security))},
        {"ReadonlyPaths", privileged ? Json(nullptr) : Json(read_only_paths(request.security))}};
    if (!request.sysctls.empty()) json["Sysctls"] = request.sysctls;
    add_mount_requests(request, json);
    if (request.init) json["Init"] = true;
    if (!request.annotations.empty()) json["Annotations"] = request.annotations;
    json.update(docker_resources(request));
    if (!request.storage.options.empty()) json["StorageOpt"] = request.storage.options;
    return json;
}

/// The overlay is a detached mount that no path of the host leads to, except through a process in
/// it.
Json graph_driver(const Engine& engine, const ContainerFiles& files, const ContainerRecord& record,
                  const ContainerState& state) {
    std::string lower;
    for (auto layer = record.layers.rbegin(); layer != record.layers.rend(); ++layer)
        lower +=
            fmt::format("{}{}/layers/{}/tree", lower.empty() ? "" : ":", engine.root(), *layer);
    const bool running = state.status == ContainerStatus::running;
    return {{"Name", "overlay"},
            {"Data",
             {{"LowerDir", lower},
              {"MergedDir", running ? fmt::format("/proc/{}/root", state.pid) : ""},
              {"UpperDir", files.path() + "/upper"},
              {"WorkDir", files.path() + "/work"}}}};
}

/// What a container in a network has there while it runs; otherwise, and in `none` and `host`, all
/// of it is empty.
Json endpoint_settings(const ContainerRecord& record, const ContainerState& state) {
    const bool connected = has_private_network(record.request) && is_active(state.status) &&
                           state.pid > 0 && state.network_lost.empty();
    Json json = {{"Gateway", ""},     {"IPAddress", ""},         {"IPPrefixLen", 0},
                 {"IPv6Gateway", ""}, {"GlobalIPv6Address", ""}, {"GlobalIPv6PrefixLen", 0},
                 {"MacAddress", ""},  {"EndpointID", ""}};
    if (!connected) return json;
    const network::HelperConfig config = network_config(record.request);
    json["Gateway"] = network::to_text(config.gateway);
    json["IPAddress"] = network::to_text(config.address);
    json["IPPrefixLen"] = config.prefix_length;
    json["IPv6Gateway"] = network::to_text(config.gateway6);
    json["GlobalIPv6Address"] = network::to_text(config.address6);
    json["GlobalIPv6PrefixLen"] = network::prefix_length6;
    const auto mac = network::hardware_address(config);
    json["MacAddress"] = fmt::format("{:02x}:{:02x}:{:02x}:{:02x}:{:02x}:{:02x}", mac[0], mac[1],
                                     mac[2], mac[3], mac[4], mac[5]);
    return json;
}

Json network_settings(const ContainerFiles& files, const ContainerRecord& record,
                      const ContainerState& state) {
    const Json endpoint = endpoint_settings(record, state);
    Json network = {{"IPAMConfig", nullptr},
                    {"Links", nullptr},
                    {"Aliases", nullptr},
                    {"NetworkID", ""},
                    {"DriverOpts", nullptr}};
    network.update(endpoint);
    Json settings = {
        {"Bridge", ""},
        {"SandboxID", ""},
        {"HairpinMode", false},
        {"LinkLocalIPv6Address", ""},
        {"LinkLocalIPv6PrefixLen", 0},
        {"Ports", published_ports(record, state)},
        {"SandboxKey", state.pid > 0 ? fmt::format("/proc/{}/ns/net", state.pid) : std::string()},
        {"SecondaryIPAddresses", nullptr},
        {"SecondaryIPv6Addresses", nullptr},
        // One that is in another's network has none of its own.
        {"Networks", shared_container(record.request.namespaces.network).empty()
                         ? Json{{network_name(record.request), network}}
                         : Json::object()}};
    settings.update(endpoint);
    if (const auto& egress = record.request.slirp.egress; !egress.empty())
        settings["Egress"] = {{"Rules", egress}, {"LogPath", files.path() + "/" + egress_log_name}};
    return settings;
}

/// With the PATH that a program gets when nobody said one, as Docker shows it.
std::vector<std::string> environment(const ContainerRecord& record) {
    std::vector<std::string> list = record.config.environment;
    if (!is_unset(record.request.default_environment, "PATH") &&
        std::ranges::none_of(list, [](const std::string& v) { return v.starts_with("PATH="); }))
        list.push_back(fmt::format("PATH={}", default_search_path));
    return list;
}

/// Docker leaves out what is zero.
Json healthcheck_json(const HealthConfig& health) {
    Json json = {{"Test", health.test}};
    const auto add = [&](const char* key, std::int64_t value) {
        if (value != 0) json[key] = value;
    };
    add("Interval", health.interval);
    add("Timeout", health.timeout);
    add("StartPeriod", health.start_period);
    add("StartInterval", health.start_interval);
    add("Retries", health.retries);
    return json;
}

/// What Docker has no flag for, by podman's names.
void add_podman_fields(const CreateRequest& request, Json& json) {
    if (!request.timezone.empty()) json["Timezone"] = request.timezone;
    if (request.umask) json["Umask"] = fmt::format("{:04o}", *request.umask);
    if (request.timeout != 0) json["Timeout"] = request.timeout;
    if (!request.accounts.passwd_entry.empty()) json["PasswdEntry"] = request.accounts.passwd_entry;
    for (const SecretRequest& secret : request.secrets)
        json["Secrets"].push_back({{"Name", secret.source},
                                   {"ID", secret.id},
                                   {"UID", secret.uid},
                                   {"GID", secret.gid},
                                   {"Mode", secret.mode}});
}

Json config_json(const ContainerRecord& record, const std::string& hostname) {
    const EffectiveConfig& config = record.config;
    Json ports = Json::object();
    for (const std::string& port : config.exposed_ports) ports[port] = Json::object();
    Json volumes = Json::object();
    for (const std::string& volume : config.volumes) volumes[volume] = Json::object();
    Json json = {{"Hostname", hostname},
                 {"Domainname", record.request.domainname},
                 {"User", config.user},
                 {"AttachStdin", record.request.attaches("stdin")},
                 {"AttachStdout", record.request.attaches("stdout")},
                 {"AttachStderr", record.request.attaches("stderr")},
                 {"Tty", record.request.tty},
                 {"OpenStdin", record.request.interactive},
                 {"StdinOnce", record.request.interactive && record.request.attaches("stdin")},
                 {"Env", environment(record)},
                 {"Cmd", list_or_null(config.command)},
                 {"Image", record.image_name},
                 {"Volumes", volumes.empty() ? Json(nullptr) : volumes},
                 {"WorkingDir", config.working_directory},
                 {"Entrypoint", list_or_null(config.entrypoint)},
                 {"OnBuild", nullptr},
                 {"Labels", config.labels}};
    if (!ports.empty()) json["ExposedPorts"] = ports;
    if (!config.health.test.empty()) json["Healthcheck"] = healthcheck_json(config.health);
    if (!config.stop_signal.empty()) json["StopSignal"] = config.stop_signal;
    if (!config.health_shell.empty()) json["Shell"] = config.health_shell;
    add_podman_fields(record.request, json);
    if (record.request.stop_timeout) json["StopTimeout"] = *record.request.stop_timeout;
    return json;
}

}  // namespace

Json inspect_container(const Engine& engine, const std::string& name) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerRecord record = files.record();
    const ContainerState state = files.current_state();
    std::vector<std::string> words = record.config.entrypoint;
    words.insert(words.end(), record.config.command.begin(), record.config.command.end());
    const std::string path = words.empty() ? "" : words.front();
    if (!words.empty()) words.erase(words.begin());
    const EtcOwner etc = etc_owner(engine, record);
    const std::string runtime = record.request.runtime.empty() ? "skiff" : record.request.runtime;
    Json json = {{"Id", record.id},
                 {"Created", to_rfc3339(record.created)},
                 {"Path", path},
                 {"Args", words},
                 {"State", state_json(state)},
                 {"Image", record.image_id},
                 {"ResolvConfPath", etc.directory + "/resolv.conf"},
                 {"HostnamePath", etc.directory + "/hostname"},
                 {"HostsPath", etc.has_hosts ? etc.directory + "/hosts" : ""},
                 {"LogPath", log_path(files, record.request.log)},
                 {"Name", "/" + record.name},
                 {"RestartCount", state.restart_count},
                 {"Driver", "overlay"},
                 {"Platform", "linux"},
                 {"MountLabel", ""},
                 {"ProcessLabel", ""},
                 {"AppArmorProfile", record.request.security.apparmor},
                 {"ExecIDs", nullptr},
                 {"HostConfig", host_config(record, runtime)},
                 {"GraphDriver", graph_driver(engine, files, record, state)},
                 {"Mounts", mounts_json(engine, record)},
                 {"Config", config_json(record, effective_hostname(record, host_name()))},
                 {"NetworkSettings", network_settings(files, record, state)}};
    if (!record.rootfs.empty()) json["Rootfs"] = record.rootfs;
    return json;
}

Json inspect_oci(const Engine& engine, const std::string& name) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerRecord record = files.record();
    const ContainerState state = files.current_state();
    const bool known = !state.home.empty();  // since it was first started
    const ContainerUser user = known ? ContainerUser{state.uid, state.gid, state.groups, state.home}
                                     : look_up_user(engine, record);
    const SpecFacts facts = documented_spec_facts(engine, files, record);
    oci::RuntimeSpec spec = build_spec(record, user, facts);
    add_device_mounts(record, engine.rootless(), spec);
    add_device_binds(facts.devices, spec);
    return oci::to_json(spec);
}

}  // namespace skiff::engine
