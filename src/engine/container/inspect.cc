// SPDX-License-Identifier: Apache-2.0
// Docker's inspect document, and the OCI one.
#include <array>

#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/json.h"
#include "base/signal_name.h"
#include "engine/container/container_files.h"
#include "engine/container/create.h"
#include "engine/container/external_runtime.h"
#include "engine/container/lifecycle.h"
#include "engine/container/spec_builder.h"
#include "engine/container/spec_facts.h"
#include "engine/container/user_lookup.h"
#include "runtime/plan/plan_builder.h"

namespace skiff::engine {
namespace {

constexpr const char* log_name = "json.log";

Json state_json(const ContainerState& state) {
    const bool running = state.status == ContainerStatus::running;
    return {{"Status", to_string(state.status)},
            {"Running", running},
            {"Paused", false},
            {"Restarting", false},
            {"OOMKilled", state.oom_killed},
            {"Dead", false},
            {"Pid", state.pid},
            {"ExitCode", running ? 0 : state.exit_code},
            {"Error", state.error},
            {"StartedAt", to_rfc3339(state.started_at)},
            {"FinishedAt", to_rfc3339(state.finished_at)},
            {"Less", state.less}};
}

/// Docker writes an empty list as null here.
Json list_or_null(const std::vector<std::string>& list) {
    return list.empty() ? Json(nullptr) : Json(list);
}

Json mounts_json(const ContainerRecord& record) {
    Json mounts = Json::array();
    for (const MountRequest& mount : record.request.mounts) {
        const bool bind = mount.type == MountType::bind;
        mounts.push_back(
            {{"Type", bind ? "bind" : "tmpfs"},
             {"Source", mount.source},
             {"Destination", mount.target},
             {"Mode", ""},
             {"RW", !mount.read_only},
             {"Propagation",
              bind ? (mount.propagation.empty() ? "rprivate" : mount.propagation) : ""}});
    }
    return mounts;
}

std::vector<std::string> binds(const ContainerRecord& record) {
    std::vector<std::string> list;
    for (const MountRequest& mount : record.request.mounts)
        if (mount.type == MountType::bind && mount.create_source)
            list.push_back(mount.source + ":" + mount.target + (mount.read_only ? ":ro" : ""));
    return list;
}

Json security_options(const SecurityRequest& security) {
    Json list = Json::array();
    if (security.no_new_privileges) list.push_back("no-new-privileges");
    if (security.seccomp_is_profile || !security.seccomp.empty())
        list.push_back("seccomp=" + security.seccomp);
    return list.empty() ? Json(nullptr) : list;
}

Json host_config(const ContainerRecord& record, const std::string& runtime) {
    const CreateRequest& request = record.request;
    Json ulimits = Json::array();
    for (const Ulimit& limit : request.ulimits)
        ulimits.push_back({{"Name", limit.name}, {"Hard", limit.hard}, {"Soft", limit.soft}});
    const bool privileged = request.security.privileged;
    return {
        {"Binds", list_or_null(binds(record))},
        {"LogConfig", {{"Type", "json-file"}, {"Config", Json::object()}}},
        {"NetworkMode", request.namespaces.network.empty() ? "none" : request.namespaces.network},
        {"AutoRemove", request.auto_remove},
        {"RestartPolicy", {{"Name", "no"}, {"MaximumRetryCount", 0}}},
        {"CapAdd", list_or_null(request.security.cap_add)},
        {"CapDrop", list_or_null(request.security.cap_drop)},
        {"CgroupnsMode", "private"},
        {"Dns", request.dns},
        {"ExtraHosts", list_or_null(request.add_hosts)},
        {"IpcMode", request.namespaces.ipc.empty() ? "private" : request.namespaces.ipc},
        {"PidMode", request.namespaces.pid},
        {"UTSMode", request.namespaces.uts},
        {"Privileged", privileged},
        {"ReadonlyRootfs", request.read_only},
        {"SecurityOpt", security_options(request.security)},
        {"ShmSize", request.shm_size.value_or(64U << 20U)},
        {"Runtime", runtime},
        {"Ulimits", ulimits},
        {"Init", request.init},
        {"MaskedPaths", privileged ? Json(nullptr) : Json(runtime::default_masked_paths())},
        {"ReadonlyPaths", privileged ? Json(nullptr) : Json(runtime::default_read_only_paths())}};
}

Json config_json(const ContainerRecord& record, const std::string& hostname) {
    const EffectiveConfig& config = record.config;
    const bool attached = !record.request.detach;
    Json ports = Json::object();
    for (const std::string& port : config.exposed_ports) ports[port] = Json::object();
    Json volumes = Json::object();
    for (const std::string& volume : config.volumes) volumes[volume] = Json::object();
    Json json = {{"Hostname", hostname},
                 {"User", config.user},
                 {"AttachStdin", attached && record.request.interactive},
                 {"AttachStdout", attached},
                 {"AttachStderr", attached},
                 {"Tty", record.request.tty},
                 {"OpenStdin", record.request.interactive},
                 {"StdinOnce", attached && record.request.interactive},
                 {"Env", config.environment},
                 {"Cmd", list_or_null(config.command)},
                 {"Image", record.image_name},
                 {"Volumes", volumes.empty() ? Json(nullptr) : volumes},
                 {"WorkingDir", config.working_directory},
                 {"Entrypoint", list_or_null(config.entrypoint)},
                 {"Labels", config.labels},
                 {"StopSignal", signal_name(stop_signal_of(record))}};
    if (!ports.empty()) json["ExposedPorts"] = ports;
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
    const std::string runtime = record.request.runtime.empty() ? "skiff" : record.request.runtime;
    return {
        {"Id", record.id},
        {"Created", to_rfc3339(record.created)},
        {"Path", path},
        {"Args", words},
        {"State", state_json(state)},
        {"Image", record.image_id},
        {"ResolvConfPath", files.path() + "/resolv.conf"},
        {"HostnamePath", files.path() + "/hostname"},
        {"HostsPath", files.path() + "/hosts"},
        {"LogPath", files.path() + "/" + log_name},
        {"Name", "/" + record.name},
        {"RestartCount", 0},
        {"Driver", "overlay"},
        {"Platform", "linux"},
        {"HostConfig", host_config(record, runtime)},
        {"GraphDriver",
         {{"Name", "overlay"},
          {"Data", {{"UpperDir", files.path() + "/upper"}, {"WorkDir", files.path() + "/work"}}}}},
        {"Mounts", mounts_json(record)},
        {"Config", config_json(record, effective_hostname(record, host_name()))}};
}

Json inspect_oci(const Engine& engine, const std::string& name) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerRecord record = files.record();
    const ContainerState state = files.current_state();
    const bool known = !state.home.empty();  // since it was first started
    const ContainerUser user = known
                                   ? ContainerUser{state.uid, state.gid, state.groups, state.home}
                                   : look_up_user(engine, record);
    oci::RuntimeSpec spec = build_spec(record, user, documented_spec_facts(engine, files, record));
    add_device_mounts(record, engine.rootless(), spec);
    return oci::to_json(spec);
}

}  // namespace skiff::engine
