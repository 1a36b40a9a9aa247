// SPDX-License-Identifier: Apache-2.0
#include "engine/container/spec_builder.h"

#include <algorithm>

#include <fnmatch.h>

#include "base/error.h"
#include "base/text.h"
#include "engine/container/devices.h"
#include "engine/container/resources_json.h"
#include "engine/container/systemd_mode.h"
#include "runtime/capabilities/capability_set.h"
#include "runtime/plan/plan_builder.h"

namespace skiff::engine {
namespace {

using oci::NamespaceType;
using oci::SpecMount;

constexpr std::uint64_t default_shm_size = 64U << 20U;
constexpr size_t short_id = 12;
constexpr const char* foreign_init = "/dev/init";

bool opens_devices(const ContainerRecord& record, const SpecFacts& facts) {
    return record.request.security.privileged ||
           (!facts.device_rules.empty() && makes_devices(record.request));
}

std::vector<oci::SpecNamespace> namespaces_of(const ContainerRecord& record,
                                              const SpecFacts& facts) {
    const NamespaceModes& modes = record.request.namespaces;
    std::vector<oci::SpecNamespace> list{{NamespaceType::mount, ""}};
    const auto add = [&](NamespaceType type, const std::string& mode, const char* file) {
        if (mode == "host") return;
        const auto joined = facts.namespaces.find(mode);
        list.push_back({type, joined == facts.namespaces.end()
                                  ? ""
                                  : fmt::format("{}/{}", joined->second, file)});
    };
    add(NamespaceType::pid, modes.pid, "pid");
    add(NamespaceType::ipc, modes.ipc, "ipc");
    add(NamespaceType::uts, modes.uts, "uts");
    add(NamespaceType::network, modes.network, "net");
    add(NamespaceType::cgroup, modes.cgroup, "cgroup");
    if (!facts.uid_mappings.empty()) list.push_back({NamespaceType::user, ""});
    return list;
}

SpecMount proc_mount(const ContainerRecord& record, const SpecFacts& facts) {
    // A new procfs wants a pid namespace owned by the mounting user namespace; the host's is bound
    // instead.
    if (record.request.namespaces.pid == "host" && facts.in_user_namespace)
        return {"/proc", "bind", "/proc", {"rbind", "nosuid", "noexec", "nodev"}};
    return {"/proc", "proc", "proc", {"nosuid", "noexec", "nodev"}};
}

bool is_systemd(const ContainerRecord& record) {
    return runs_systemd(record.request.systemd, record.config);
}

SpecMount sys_mount(const ContainerRecord& record) {
    const char* access = record.request.security.privileged ? "rw" : "ro";
    // Likewise sysfs and the network namespace.
    if (record.request.namespaces.network == "host")
        return {"/sys",
                "bind",
                "/sys",
                {"rbind", "nosuid", "noexec", "nodev", fmt::format("r{}", access)}};
    return {"/sys", "sysfs", "sysfs", {"nosuid", "noexec", "nodev", access}};
}

/// Its own part, where it has a cgroup namespace. The host's is shown as it is, and what a rootless
/// container sees there is the caller's own: never to be written (GO-2023-1682).
SpecMount cgroup_mount(const ContainerRecord& record, const SpecFacts& facts) {
    const SecurityRequest& security = record.request.security;
    const bool writable = security.privileged || security.nested || is_systemd(record);
    if (record.request.namespaces.cgroup != "host")
        return {"/sys/fs/cgroup",
                "cgroup",
                "cgroup",
                {"nosuid", "noexec", "nodev", writable ? "rw" : "ro"}};
    return {"/sys/fs/cgroup",
            "bind",
            "/sys/fs/cgroup",
            {"rbind", "rprivate", "nosuid", "noexec", "nodev",
             writable && !facts.in_user_namespace ? "rrw" : "rro"}};
}

std::vector<SpecMount> default_mounts(const ContainerRecord& record, const SpecFacts& facts) {
    const std::string& ipc = record.request.namespaces.ipc;
    const bool host_ipc = ipc == "host";
    std::vector<SpecMount> mounts{
        proc_mount(record, facts),
        {"/dev", "tmpfs", "tmpfs", {"nosuid", "strictatime", "mode=755", "size=65536k"}},
        {"/dev/pts",
         "devpts",
         "devpts",
         {"nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"}},
        sys_mount(record),
    };
    // With no gid 5 in the namespace that would be EINVAL.
    if (facts.has_tty_group) mounts[2].options.emplace_back("gid=5");
    // A privileged container may make itself devices, and open them; so may one whose device cgroup
    // says which.
    if (!opens_devices(record, facts)) mounts[1].options.emplace_back("nodev");
    mounts.push_back(cgroup_mount(record, facts));
    if (!host_ipc) {
        mounts.push_back({"/dev/mqueue", "mqueue", "mqueue", {"nosuid", "noexec", "nodev"}});
    }
    if (!shared_container(ipc).empty()) {
        mounts.push_back({"/dev/shm",
                          "bind",
                          std::string(shared_memory_source),
                          {"bind", "nosuid", "noexec", "nodev"}});
    } else if (!host_ipc && ipc != "none") {
        mounts.push_back(
            {"/dev/shm",
             "tmpfs",
             "shm",
             {"nosuid", "noexec", "nodev", "mode=1777",
              fmt::format("size={}", record.request.shm_size.value_or(default_shm_size))}});
    } else if (host_ipc) {
        if (facts.has_host_mqueue)
            mounts.push_back(
                {"/dev/mqueue", "bind", "/dev/mqueue", {"rbind", "nosuid", "noexec", "nodev"}});
        mounts.push_back({"/dev/shm", "bind", "/dev/shm", {"rbind", "nosuid", "noexec", "nodev"}});
    }
    if (is_systemd(record))
        for (const std::string_view path : systemd_directories())
            mounts.push_back({std::string(path),
                              "tmpfs",
                              "tmpfs",
                              {"nosuid", "nodev", path == "/tmp" ? "mode=1777" : "mode=755"}});
    std::vector<std::string> files{"resolv.conf"};
    if (!record.request.no_hostname) files.emplace_back("hostname");
    if (facts.has_hosts_file) files.emplace_back("hosts");
    const auto show = [&](const std::string& directory, const std::string& name) {
        mounts.push_back({fmt::format("/etc/{}", name),
                          "bind",
                          fmt::format("{}/{}", directory, name),
                          {"bind", "rprivate", record.request.read_only ? "ro" : "rw"}});
    };
    for (const std::string& name : files) show(facts.etc_directory, name);
    for (const std::string& name : facts.added_files) show(facts.container_directory, name);
    // In the tmpfs of /dev: nothing of it stays in the container's writable layer.
    if (!record.request.init_path.empty())
        mounts.push_back({foreign_init,
                          "bind",
                          record.request.init_path,
                          {"bind", "ro", "nosuid", "nodev", "rprivate"}});
    for (const std::string& path : facts.host_directories)
        mounts.push_back({path, "bind", path, {"rbind", "rro", "nosuid", "nodev", "rprivate"}});
    return mounts;
}

/// What stands in the document for a volume or an image; who launches it holds the thing itself.
std::string source_of(const MountRequest& request, const SpecFacts& facts) {
    if (request.type == MountType::bind) return request.source;
    if (request.type == MountType::image) return "image:" + request.source;
    const std::string data = fmt::format("{}/{}/_data", facts.volumes_directory, request.source);
    return request.subpath.empty() ? data : fmt::format("{}/{}", data, request.subpath);
}

SpecMount requested_mount(const MountRequest& request, const SpecFacts& facts, bool privileged) {
    SpecMount mount{request.target, "", "", {}};
    if (request.type == MountType::tmpfs) {
        mount.type = "tmpfs";
        mount.source = "tmpfs";
        mount.options = {"noexec", "nosuid", "nodev"};
    } else {
        mount.type = "bind";
        mount.source = source_of(request, facts);
        mount.options = {request.recursive ? "rbind" : "bind",
                         request.propagation.empty() ? "rprivate" : request.propagation};
    }
    mount.options.insert(mount.options.end(), request.options.begin(), request.options.end());
    if (request.read_only) {
        const bool top_alone = request.type == MountType::tmpfs || request.writable_submounts;
        mount.options.emplace_back(top_alone ? "ro" : "rro");
    }
    // A container with CAP_MKNOD must not make itself a way to the host's disk in a shared
    // directory.
    if (!privileged) mount.options.emplace_back("nodev");
    return mount;
}

std::vector<SpecMount> mounts_of(const ContainerRecord& record, const SpecFacts& facts) {
    std::vector<SpecMount> mounts = default_mounts(record, facts);
    std::vector<SpecMount> requested;
    for (const MountRequest& request : record.mounts)
        requested.push_back(requested_mount(request, facts, record.request.security.privileged));
    // On top of what the user mounts at the same place, as CDI has it.
    requested.insert(requested.end(), facts.extra_mounts.begin(), facts.extra_mounts.end());
    // What the user mounts in place of one of ours replaces it.
    for (const SpecMount& mount : requested)
        std::erase_if(mounts,
                      [&](const SpecMount& ours) { return ours.destination == mount.destination; });
    // Outer before inner, whatever order they were typed in.
    const auto depth = [](const SpecMount& mount) {
        return std::count(mount.destination.begin(), mount.destination.end(), '/');
    };
    std::stable_sort(requested.begin(), requested.end(),
                     [&](const SpecMount& a, const SpecMount& b) { return depth(a) < depth(b); });
    mounts.insert(mounts.end(), requested.begin(), requested.end());
    for (const std::string& path : facts.covered)
        mounts.push_back({path,
                          "tmpfs",
                          runtime::cover_source,
                          {"ro", "nosuid", "nodev", "noexec", "mode=000", "size=4k"}});
    return mounts;
}

void apply_security(const ContainerRecord& record, const SpecFacts& facts, oci::RuntimeSpec& spec) {
    const SecurityRequest& security = record.request.security;
    const runtime::CapabilitySet available(facts.available_capabilities);
    const std::vector<std::string> capabilities = runtime::capability_names(
        security.privileged
            ? available
            : runtime::resolve_capabilities(security.cap_add, security.cap_drop, available));
    spec.process.capabilities = {capabilities, capabilities, capabilities};
    spec.process.no_new_privileges = security.no_new_privileges;
    if (security.apparmor != "unconfined") spec.process.apparmor_profile = security.apparmor;
    spec.masked_paths = masked_paths(security);
    spec.readonly_paths = read_only_paths(security);
}

bool opens_system_paths(const SecurityRequest& security) {
    return security.privileged || security.open_system_paths || security.nested;
}

/// podman's: a pattern of fnmatch(3), or a path above.
bool is_unmasked(const SecurityRequest& security, const std::string& path) {
    return std::ranges::any_of(security.unmasked, [&](const std::string& pattern) {
        return fnmatch(pattern.c_str(), path.c_str(), FNM_PATHNAME) == 0;
    });
}

}  // namespace

void set_variable(std::vector<std::string>& environment, const std::string& variable) {
    const Cut parts = cut(variable, '=');
    const auto same_name = [&](const std::string& present) {
        return cut(present, '=').before == parts.before;
    };
    // "K" without a value removes what the image set, as Docker has it.
    if (!parts.found) {
        std::erase_if(environment, same_name);
        return;
    }
    for (std::string& present : environment) {
        if (same_name(present)) {
            present = variable;
            return;
        }
    }
    environment.push_back(variable);
}

std::vector<std::string> masked_paths(const SecurityRequest& security) {
    std::vector<std::string> paths;
    if (!opens_system_paths(security)) paths = runtime::default_masked_paths();
    std::erase_if(paths, [&](const std::string& path) { return is_unmasked(security, path); });
    // What somebody asked for holds whatever else is opened.
    for (const std::string& path : security.masked)
        if (std::ranges::find(paths, path) == paths.end()) paths.push_back(path);
    return paths;
}

std::vector<std::string> read_only_paths(const SecurityRequest& security) {
    if (opens_system_paths(security)) return {};
    std::vector<std::string> paths = runtime::default_read_only_paths();
    std::erase_if(paths, [&](const std::string& path) { return is_unmasked(security, path); });
    return paths;
}

bool is_unset(const DefaultEnvironment& defaults, std::string_view variable) {
    const std::string_view name = cut(variable, '=').before;
    return defaults.unset_all || std::ranges::find(defaults.unset, name) != defaults.unset.end();
}

std::string effective_hostname(const ContainerRecord& record, const std::string& host_hostname) {
    const NamespaceModes& modes = record.request.namespaces;
    if (!record.config.hostname.empty()) return record.config.hostname;
    if (modes.uts == "host" || modes.network == "host") return host_hostname;
    return record.id.substr(0, short_id);
}

std::vector<std::string> build_environment(const ContainerRecord& record,
                                           const std::string& hostname, const std::string& home) {
    std::vector<std::string> environment;
    const auto add = [&](std::string variable) {
        if (!is_unset(record.request.default_environment, variable))
            environment.push_back(std::move(variable));
    };
    add(fmt::format("PATH={}", default_search_path));
    add("HOSTNAME=" + hostname);
    if (record.request.tty) add("TERM=xterm");
    if (is_systemd(record)) add(std::string(systemd_variable));
    for (const std::string& variable : record.config.environment)
        set_variable(environment, variable);
    const bool has_home = std::any_of(environment.begin(), environment.end(),
                                      [](const std::string& v) { return v.starts_with("HOME="); });
    if (!has_home) add("HOME=" + home);
    return environment;
}

oci::RuntimeSpec build_spec(const ContainerRecord& record, const ContainerUser& user,
                            const SpecFacts& facts) {
    oci::RuntimeSpec spec;
    const std::string hostname = effective_hostname(record, facts.host_hostname);
    spec.hostname = record.request.namespaces.uts == "host" ? "" : hostname;
    spec.domainname = record.request.namespaces.uts == "host" ? "" : record.request.domainname;
    spec.annotations = record.request.annotations;
    spec.hooks = facts.hooks;
    spec.root_path = "rootfs";
    spec.root_readonly = record.request.read_only;
    spec.namespaces = namespaces_of(record, facts);
    spec.uid_mappings = facts.uid_mappings;
    spec.gid_mappings = facts.gid_mappings;
    spec.mounts = mounts_of(record, facts);
    spec.sysctl = record.request.sysctls;
    spec.seccomp = facts.seccomp;
    spec.resources = oci_resources(group_limits(record.request.resources), facts.device_rules);
    if (const std::string& parent = record.request.resources.cgroup_parent; !parent.empty())
        spec.cgroups_path = fmt::format(
            "{}/skiff-{}", runtime::plain_cgroup_parent(parent).value_or(""), record.id);

    oci::SpecProcess& process = spec.process;
    process.terminal = record.request.tty;
    process.console_size = {facts.rows, facts.columns};
    process.user = {user.uid, user.gid, user.groups, record.request.umask};
    process.oom_score_adj = record.request.resources.oom_score_adj;
    // tini, catatonit and dumb-init all know the two dashes.
    if (!record.request.init_path.empty()) process.args = {foreign_init, "--"};
    process.args.insert(process.args.end(), record.config.entrypoint.begin(),
                        record.config.entrypoint.end());
    process.args.insert(process.args.end(), record.config.command.begin(),
                        record.config.command.end());
    process.env = build_environment(record, hostname, user.home);
    for (const std::string& variable : facts.extra_environment) set_variable(process.env, variable);
    process.cwd = record.config.working_directory.empty() ? "/" : record.config.working_directory;
    for (const Ulimit& limit : record.request.ulimits) {
        const auto value = [](std::int64_t v) {
            return v < 0 ? ~std::uint64_t{0} : static_cast<std::uint64_t>(v);
        };
        process.rlimits.push_back(
            {"RLIMIT_" + to_upper(limit.name), value(limit.soft), value(limit.hard)});
    }
    apply_security(record, facts, spec);
    return spec;
}

}  // namespace skiff::engine
