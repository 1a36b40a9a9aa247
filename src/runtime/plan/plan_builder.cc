// SPDX-License-Identifier: Apache-2.0
#include "runtime/plan/plan_builder.h"

#include <algorithm>
#include <array>

#include <sched.h>
#include <unistd.h>

#include <linux/magic.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/capabilities/capability_set.h"
#include "runtime/plan/mount_options.h"
#include "runtime/userns/id_map.h"

namespace skiff::runtime {
namespace {

constexpr std::string_view default_path =
    "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

constexpr std::array<std::string_view, RLIM_NLIMITS> rlimit_names = [] {
    std::array<std::string_view, RLIM_NLIMITS> names{};
    names[RLIMIT_AS] = "RLIMIT_AS";
    names[RLIMIT_CORE] = "RLIMIT_CORE";
    names[RLIMIT_CPU] = "RLIMIT_CPU";
    names[RLIMIT_DATA] = "RLIMIT_DATA";
    names[RLIMIT_FSIZE] = "RLIMIT_FSIZE";
    names[RLIMIT_LOCKS] = "RLIMIT_LOCKS";
    names[RLIMIT_MEMLOCK] = "RLIMIT_MEMLOCK";
    names[RLIMIT_MSGQUEUE] = "RLIMIT_MSGQUEUE";
    names[RLIMIT_NICE] = "RLIMIT_NICE";
    names[RLIMIT_NOFILE] = "RLIMIT_NOFILE";
    names[RLIMIT_NPROC] = "RLIMIT_NPROC";
    names[RLIMIT_RSS] = "RLIMIT_RSS";
    names[RLIMIT_RTPRIO] = "RLIMIT_RTPRIO";
    names[RLIMIT_RTTIME] = "RLIMIT_RTTIME";
    names[RLIMIT_SIGPENDING] = "RLIMIT_SIGPENDING";
    names[RLIMIT_STACK] = "RLIMIT_STACK";
    return names;
}();

unsigned long long clone_flag(oci::NamespaceType type) {
    switch (type) {
        case oci::NamespaceType::pid:
            return CLONE_NEWPID;
        case oci::NamespaceType::network:
            return CLONE_NEWNET;
        case oci::NamespaceType::mount:
            return CLONE_NEWNS;
        case oci::NamespaceType::ipc:
            return CLONE_NEWIPC;
        case oci::NamespaceType::uts:
            return CLONE_NEWUTS;
        case oci::NamespaceType::user:
            return CLONE_NEWUSER;
        case oci::NamespaceType::cgroup:
            return CLONE_NEWCGROUP;
    }
    return 0;
}

MountStep mount_step(const oci::SpecMount& mount) {
    if (mount.destination.empty() || mount.destination[0] != '/')
        throw Error(ErrorKind::invalid, "the mount target '{}' is not an absolute path",
                    mount.destination);
    const MountOptions options = parse_mount_options(mount.options);
    MountStep step;
    step.target = mount.destination;
    step.source = mount.source;
    step.type = mount.type;
    step.flags = options.flags;
    step.data = options.data;
    step.skip_unreachable = mount.source == cover_source;
    step.propagation = options.propagation;
    // A kernel without POSIX queues has a container without them.
    step.optional = mount.type == "mqueue";
    if (options.bind || mount.type == "bind") {
        step.kind = MountStep::Kind::attach;
        step.recursive = options.recursive;
        step.attributes = options.attributes;
        step.top_attributes = options.top_attributes;
    }
    return step;
}

/// "cgroup" in a specification means: as this machine has it. Shown is only what the container has
/// a group of its own in; the top of another hierarchy would be the host's. All of it may be
/// refused by the kernel (a covered cgroup mount outside), and is then missing.
void add_cgroup_mounts(const oci::SpecMount& mount, const HostFacts& facts, LaunchPlan& plan) {
    const MountStep pattern = mount_step(mount);
    const auto add = [&](const std::string& target, const char* type, const std::string& data,
                         unsigned long flags) {
        MountStep step;
        step.target = target;
        step.source = "cgroup";
        step.type = type;
        step.data = data;
        step.flags = flags;
        step.optional = true;
        plan.mounts.push_back(std::move(step));
    };
    if (facts.unified_cgroup) {
        add(mount.destination, "cgroup2", "", pattern.flags);
        return;
    }
    if (facts.cgroups.empty()) return;
    // Closed for writing at the end, with the mount points in it.
    const unsigned long writable = pattern.flags & ~static_cast<unsigned long>(MS_RDONLY);
    add(mount.destination, "tmpfs", "mode=755,size=64k", writable);
    for (const std::string& name : facts.cgroups) {
        const bool unified = name == "unified";
        add(fmt::format("{}/{}", mount.destination, name), unified ? "cgroup2" : "cgroup",
            unified ? "" : name, pattern.flags);
    }
    if ((pattern.flags & MS_RDONLY) != 0) plan.read_only_paths.push_back(mount.destination);
}

std::vector<DeviceStep> default_devices() {
    std::vector<DeviceStep> devices;
    const auto add = [&](const char* name, unsigned major, unsigned minor) {
        DeviceStep step;
        step.name = name;
        step.major = major;
        step.minor = minor;
        devices.push_back(std::move(step));
    };
    add("null", 1, 3);
    add("zero", 1, 5);
    add("full", 1, 7);
    add("random", 1, 8);
    add("urandom", 1, 9);
    add("tty", 5, 0);
    return devices;
}

std::vector<LinkStep> default_links() {
    return {{"fd", "/proc/self/fd"},
            {"stdin", "/proc/self/fd/0"},
            {"stdout", "/proc/self/fd/1"},
            {"stderr", "/proc/self/fd/2"},
            {"ptmx", "pts/ptmx"}};
}

std::vector<RlimitStep> rlimit_steps(const std::vector<oci::SpecRlimit>& limits,
                                     const HostFacts& facts) {
    std::vector<RlimitStep> steps;
    for (const oci::SpecRlimit& limit : limits) {
        const auto found = std::find(rlimit_names.begin(), rlimit_names.end(), limit.type);
        if (found == rlimit_names.end())
            throw Error(ErrorKind::invalid, "unknown resource limit '{}'", limit.type);
        const auto resource = static_cast<size_t>(found - rlimit_names.begin());
        RlimitStep step{static_cast<int>(resource), {limit.soft, limit.hard}};
        // What may not be raised is given as far as it goes: a container that starts with less
        // beats none.
        if (!facts.can_raise_limits && resource < facts.limits.size()) {
            step.limit.rlim_max = std::min(step.limit.rlim_max, facts.limits[resource].rlim_max);
            step.limit.rlim_cur = std::min(step.limit.rlim_cur, step.limit.rlim_max);
        }
        steps.push_back(step);
    }
    return steps;
}

std::vector<std::string> executables(const oci::SpecProcess& process) {
    if (process.args.empty()) throw Error(ErrorKind::invalid, "no command specified");
    const std::string& command = process.args[0];
    if (command.find('/') != std::string::npos) return {command};
    std::string_view path = default_path;
    for (const std::string& variable : process.env)
        if (variable.starts_with("PATH=")) path = std::string_view(variable).substr(5);
    std::vector<std::string> candidates;
    if (command.empty()) return {""};
    for (const std::string_view directory : split(path, ':')) {
        // A relative entry of $PATH means the working directory, as execvp has it.
        candidates.push_back(directory.empty() ? command
                                               : fmt::format("{}/{}", directory, command));
    }
    return candidates;
}

std::uint64_t words_of(const std::vector<std::string>& names, const HostFacts& facts) {
    CapabilitySet set;
    for (const std::string& name : names) {
        const auto number = find_capability(name);
        if (!number) throw Error(ErrorKind::invalid, "unknown capability '{}'", name);
        set.add(*number);
    }
    return set.bits() & facts.available_capabilities;
}

/// Dots separate, and a '/' is a dot of a name, as sysctl(8) writes it.
std::string sysctl_path(std::string name) {
    for (char& c : name) c = c == '.' ? '/' : c == '/' ? '.' : c;
    return name;
}

bool is_mount_target(const oci::RuntimeSpec& spec, std::string_view path,
                     std::string_view except_type) {
    return std::any_of(spec.mounts.begin(), spec.mounts.end(), [&](const oci::SpecMount& m) {
        return m.destination == path && m.type != except_type;
    });
}

}  // namespace

HostFacts probe_host_facts() {
    HostFacts facts;
    facts.maps = read_id_maps(own_host_pid());
    const IdMaps& maps = facts.maps;
    const IdMaps identity{{{0, 0, 4294967295U}}, {{0, 0, 4294967295U}}};
    facts.in_user_namespace = maps != identity;
    facts.has_tty_group = to_outside(maps.gids, 5).has_value();
    facts.can_set_groups =
        trim(find_file(-100, "/proc/self/setgroups", 16).value_or("allow")) == "allow";
    facts.available_capabilities = caller_capabilities().bits();
    constexpr unsigned sys_resource = 24;
    // CAP_SYS_RESOURCE in a user namespace does not count: limits are the initial namespace's.
    facts.can_raise_limits =
        !facts.in_user_namespace && (facts.available_capabilities >> sys_resource & 1U) != 0;
    struct statfs status{};
    facts.unified_cgroup = statfs("/sys/fs/cgroup", &status) == 0 &&
                           static_cast<unsigned long>(status.f_type) == CGROUP2_SUPER_MAGIC;
    facts.limits.resize(RLIM_NLIMITS);
    for (size_t resource = 0; resource < facts.limits.size(); ++resource)
        getrlimit(static_cast<__rlimit_resource>(resource), &facts.limits[resource]);
    return facts;
}

LaunchPlan build_plan(const oci::RuntimeSpec& spec, const HostFacts& facts) {
    LaunchPlan plan;
    for (const oci::SpecNamespace& row : spec.namespaces) {
        if (row.path.empty()) {
            plan.clone_flags |= clone_flag(row.type);
        } else {
            plan.joins.push_back({static_cast<int>(clone_flag(row.type)), row.path, {}});
        }
    }
    plan.root_read_only = spec.root_readonly;
    plan.read_only_paths = spec.readonly_paths;
    for (const oci::SpecMount& mount : spec.mounts) {
        if (mount.type == "cgroup") {
            add_cgroup_mounts(mount, facts, plan);
        } else {
            plan.mounts.push_back(mount_step(mount));
        }
    }
    plan.populate_dev = !is_mount_target(spec, "/dev", "tmpfs");
    if (plan.populate_dev) {
        plan.devices = default_devices();
        plan.links = default_links();
    }
    plan.masked_paths = spec.masked_paths;
    plan.hostname = spec.has_own_namespace(oci::NamespaceType::uts) ? spec.hostname : "";
    plan.domainname = spec.has_own_namespace(oci::NamespaceType::uts) ? spec.domainname : "";
    plan.bring_up_loopback = spec.has_own_namespace(oci::NamespaceType::network);
    plan.die_with_parent = !spec.has_own_namespace(oci::NamespaceType::pid);
    for (const auto& [name, value] : spec.sysctl)
        plan.sysctls.push_back(
            {name == "kernel.domainname" ? std::string() : sysctl_path(name), value});

    const oci::SpecProcess& process = spec.process;
    plan.terminal = process.terminal;
    plan.console_size = {static_cast<unsigned short>(process.console_size.height),
                         static_cast<unsigned short>(process.console_size.width)};
    plan.rlimits = rlimit_steps(process.rlimits, facts);
    if (process.oom_score_adj != 0 &&
        (facts.can_raise_limits || process.oom_score_adj >= facts.oom_score_adj))
        plan.oom_score_adj = fmt::format("{}", process.oom_score_adj);
    plan.uid = process.user.uid;
    plan.gid = process.user.gid;
    if (process.user.umask) plan.umask = static_cast<mode_t>(*process.user.umask);
    plan.set_groups = facts.can_set_groups;
    plan.groups.assign(process.user.additional_gids.begin(), process.user.additional_gids.end());
    plan.capabilities = {words_of(process.capabilities.bounding, facts),
                         words_of(process.capabilities.permitted, facts)};
    plan.no_new_privileges = process.no_new_privileges;
    if (!process.apparmor_profile.empty()) plan.apparmor = "exec " + process.apparmor_profile;
    plan.working_directory = process.cwd;
    plan.arguments = process.args;
    plan.environment = process.env;
    plan.executables = executables(process);
    return plan;
}

const std::vector<std::string>& default_masked_paths() {
    static const std::vector<std::string> paths = [] {
        std::vector<std::string> list{
            "/proc/acpi",        "/proc/asound",    "/proc/interrupts",
            "/proc/kcore",       "/proc/keys",      "/proc/latency_stats",
            "/proc/sched_debug", "/proc/scsi",      "/proc/timer_list",
            "/proc/timer_stats", "/sys/dev/block",  "/sys/devices/virtual/powercap",
            "/sys/firmware",     "/sys/fs/selinux", "/sys/class/powercap"};
        // How hot each processor got tells a neighbour's work.
        const long processors = sysconf(_SC_NPROCESSORS_CONF);
        for (long i = 0; i < processors; ++i)
            list.push_back(fmt::format("/sys/devices/system/cpu/cpu{}/thermal_throttle", i));
        return list;
    }();
    return paths;
}

const std::vector<std::string>& default_read_only_paths() {
    static const std::vector<std::string> paths{"/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys",
                                                "/proc/sysrq-trigger"};
    return paths;
}

}  // namespace skiff::runtime
