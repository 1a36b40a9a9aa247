// SPDX-License-Identifier: Apache-2.0
#include "oci/runtime_spec.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/json.h"

namespace skiff::oci {
namespace {

const char* to_text(NamespaceType type) {
    switch (type) {
        case NamespaceType::pid:
            return "pid";
        case NamespaceType::network:
            return "network";
        case NamespaceType::mount:
            return "mount";
        case NamespaceType::ipc:
            return "ipc";
        case NamespaceType::uts:
            return "uts";
        case NamespaceType::user:
            return "user";
        case NamespaceType::cgroup:
            return "cgroup";
    }
    return "";
}

Json mappings(const std::vector<SpecIdMapping>& rows) {
    Json list = Json::array();
    for (const SpecIdMapping& row : rows)
        list.push_back(
            {{"containerID", row.container_id}, {"hostID", row.host_id}, {"size", row.size}});
    return list;
}

Json process_json(const SpecProcess& process) {
    Json json = {
        {"terminal", process.terminal},
        {"user", {{"uid", process.user.uid}, {"gid", process.user.gid}}},
        {"args", process.args},
        {"env", process.env},
        {"cwd", process.cwd},
        {"capabilities",
         {{"bounding", process.capabilities.bounding},
          {"effective", process.capabilities.effective},
          {"permitted", process.capabilities.permitted}}},
        {"noNewPrivileges", process.no_new_privileges},
    };
    if (!process.user.additional_gids.empty())
        json["user"]["additionalGids"] = process.user.additional_gids;
    if (process.user.umask) json["user"]["umask"] = *process.user.umask;
    if (process.console_size.height != 0)
        json["consoleSize"] = {{"height", process.console_size.height},
                               {"width", process.console_size.width}};
    if (process.oom_score_adj != 0) json["oomScoreAdj"] = process.oom_score_adj;
    if (!process.apparmor_profile.empty()) json["apparmorProfile"] = process.apparmor_profile;
    for (const SpecRlimit& limit : process.rlimits)
        json["rlimits"].push_back(
            {{"type", limit.type}, {"soft", limit.soft}, {"hard", limit.hard}});
    return json;
}

Json hook_json(const SpecHook& hook) {
    Json json = {{"path", hook.path}};
    if (!hook.args.empty()) json["args"] = hook.args;
    if (!hook.env.empty()) json["env"] = hook.env;
    if (hook.timeout != 0) json["timeout"] = hook.timeout;
    return json;
}

}  // namespace

bool RuntimeSpec::has_namespace(NamespaceType type) const {
    return std::any_of(namespaces.begin(), namespaces.end(),
                       [&](const SpecNamespace& n) { return n.type == type; });
}

bool RuntimeSpec::has_own_namespace(NamespaceType type) const {
    return std::any_of(namespaces.begin(), namespaces.end(),
                       [&](const SpecNamespace& n) { return n.type == type && n.path.empty(); });
}

Json to_json(const RuntimeSpec& spec) {
    Json mounts = Json::array();
    for (const SpecMount& mount : spec.mounts)
        mounts.push_back({{"destination", mount.destination},
                          {"type", mount.type},
                          {"source", mount.source},
                          {"options", mount.options}});
    Json namespaces = Json::array();
    for (const SpecNamespace& row : spec.namespaces) {
        namespaces.push_back({{"type", to_text(row.type)}});
        if (!row.path.empty()) namespaces.back()["path"] = row.path;
    }
    Json linux_part = {{"namespaces", namespaces},
                       {"maskedPaths", spec.masked_paths},
                       {"readonlyPaths", spec.readonly_paths}};
    if (!spec.uid_mappings.empty()) linux_part["uidMappings"] = mappings(spec.uid_mappings);
    if (!spec.gid_mappings.empty()) linux_part["gidMappings"] = mappings(spec.gid_mappings);
    if (!spec.resources.empty())
        linux_part["resources"] = parse_json(spec.resources, "the resources section");
    if (!spec.sysctl.empty()) linux_part["sysctl"] = spec.sysctl;
    if (!spec.cgroups_path.empty()) linux_part["cgroupsPath"] = spec.cgroups_path;
    if (!spec.seccomp.empty())
        linux_part["seccomp"] = parse_json(spec.seccomp, "the seccomp section");

    Json json = {{"ociVersion", "1.0.2"},
                 {"process", process_json(spec.process)},
                 {"root", {{"path", spec.root_path}, {"readonly", spec.root_readonly}}},
                 {"mounts", mounts},
                 {"linux", linux_part}};
    if (!spec.hostname.empty()) json["hostname"] = spec.hostname;
    if (!spec.domainname.empty()) json["domainname"] = spec.domainname;
    if (!spec.annotations.empty()) json["annotations"] = spec.annotations;
    for (const SpecHook& hook : spec.hooks) json["hooks"][hook.name].push_back(hook_json(hook));
    return json;
}

}  // namespace skiff::oci
