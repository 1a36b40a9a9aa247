// SPDX-License-Identifier: Apache-2.0
#include "engine/container/launch_preparation.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>

#include <fcntl.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "engine/builtin/built_in_image.h"
#include "engine/container/cdi_devices.h"
#include "engine/container/devices.h"
#include "engine/container/id_layout.h"
#include "engine/container/log_options.h"
#include "engine/container/mount_sources.h"
#include "engine/container/namespace_sharing.h"
#include "engine/container/nested_engine.h"
#include "engine/container/nested_maps.h"
#include "engine/container/own_files.h"
#include "engine/container/root_mount.h"
#include "engine/container/security_labels.h"
#include "engine/container/spec_builder.h"
#include "engine/container/spec_facts.h"
#include "engine/secret/secret_files.h"
#include "engine/secret/secrets.h"
#include "runtime/capabilities/capability_set.h"
#include "runtime/host_devices.h"
#include "runtime/launch.h"
#include "runtime/plan/plan_builder.h"

namespace skiff::engine {
namespace {

/// --ulimit: those that the plan has lowered.
std::vector<std::string> lowered_limits(const oci::RuntimeSpec& spec,
                                        const runtime::LaunchPlan& plan) {
    const auto text = [](rlim_t value) {
        return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
    };
    std::vector<std::string> lowered;
    for (size_t i = 0; i < plan.rlimits.size(); ++i) {
        const oci::SpecRlimit& asked = spec.process.rlimits[i];
        const rlim_t most = plan.rlimits[i].limit.rlim_max;
        if (most < asked.hard)
            lowered.push_back(fmt::format(
                "the limit {} is {} instead of {}: that is the hard limit of skiff itself, and to "
                "raise it takes CAP_SYS_RESOURCE",
                asked.type, text(most), text(asked.hard)));
    }
    return lowered;
}

/// What the container quietly gets less of than was asked: `inspect` shows it, --strict refuses it.
std::vector<std::string> find_less(const ContainerRecord& record, const runtime::LaunchPlan& plan,
                                   const runtime::HostFacts& host) {
    std::vector<std::string> less;
    if (host.maps.single_id())
        less.emplace_back(
            "the container has a single user: you have no range in /etc/subuid and /etc/subgid "
            "(as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME)");
    const SecurityRequest& security = record.request.security;
    const runtime::CapabilitySet all = runtime::kernel_capabilities();
    const runtime::CapabilitySet wanted =
        security.privileged
            ? all
            : runtime::resolve_capabilities(security.cap_add, security.cap_drop, all);
    const runtime::CapabilitySet missing(wanted.bits() & ~plan.capabilities.bounding);
    if (missing.bits() != 0)
        less.push_back(
            fmt::format("skiff itself has not the capabilities {}, so it cannot give them",
                        join(runtime::capability_names(missing), " ")));
    return less;
}

/// Before anything of the container runs; the groups are this run's own.
/// Returns what is enforced.
std::vector<runtime::DeviceRule> watch_devices(const ContainerRecord& record,
                                               const runtime::ContainerGroups& groups,
                                               const std::vector<HostDevice>& devices,
                                               Preparation& preparation) {
    if (!wants_device_group(record.request)) return {};
    std::vector<runtime::DeviceRule> rules = device_rules(record.request, devices);
    if (groups.watch_devices(rules)) return rules;
    preparation.unenforced = unwatched_devices(record.request, devices);
    preparation.less = preparation.unenforced;
    return {};
}

/// The kernel would only say that a file is missing.
void require_apparmor(const SecurityRequest& security) {
    if (security.apparmor.empty() || security.apparmor == "unconfined") return;
    const auto enabled = find_file(AT_FDCWD, "/sys/module/apparmor/parameters/enabled", 16);
    if (!enabled || trim(*enabled) != "Y")
        throw Error(ErrorKind::unsupported,
                    "the AppArmor profile {} cannot be had: this kernel has no AppArmor, or it is "
                    "switched off (--security-opt apparmor=unconfined goes without)",
                    quoted(security.apparmor));
}

/// Into the plan alone: neither the record nor the document of `inspect --oci` has them.
void add_secrets(const ContainerFiles& files, const ContainerRecord& record,
                 Preparation& preparation) {
    const auto& nested = preparation.nested;
    const auto outside = [&](const std::vector<runtime::IdExtent>* map, std::uint32_t id) {
        return map == nullptr ? id : to_outside(*map, id).value_or(id);
    };
    for (runtime::MountStep& step : secret_mounts(
             files.directory(), record.request,
             [&](uid_t id) { return outside(nested ? &nested->uids : nullptr, id); },
             [&](gid_t id) { return outside(nested ? &nested->gids : nullptr, id); }))
        preparation.plan.mounts.push_back(std::move(step));
    for (const std::string& variable : secret_variables(files.directory(), record.request))
        set_variable(preparation.plan.environment, variable);
}

void connect_pipes(const ContainerRecord& record, Preparation& preparation) {
    if (record.request.tty) return;
    if (record.request.log.driver == passthrough_log_driver) {
        // The monitor was started with the streams of the command (start_monitor).
        if (record.request.interactive) preparation.plan.stdin_read = duplicate(STDIN_FILENO);
        preparation.plan.stdout_write = duplicate(STDOUT_FILENO);
        preparation.plan.stderr_write = duplicate(STDERR_FILENO);
        preparation.plan.own_streams = false;
        return;
    }
    connect_by_pipes(record.request.interactive, preparation.plan, preparation.io);
}

}  // namespace

void connect_by_pipes(bool with_input, runtime::LaunchPlan& plan, monitor::ContainerIo& io) {
    if (with_input) {
        Pipe input = make_pipe();
        plan.stdin_read = std::move(input.read);
        io.stdin_write = std::move(input.write);
    }
    Pipe output = make_pipe();
    plan.stdout_write = std::move(output.write);
    io.stdout_read = std::move(output.read);
    Pipe errors = make_pipe();
    plan.stderr_write = std::move(errors.write);
    io.stderr_read = std::move(errors.read);
}

Preparation prepare_launch(const Engine& engine, const ContainerFiles& files,
                           const ContainerRecord& record, const runtime::ContainerGroups& groups,
                           SharedSources& shared, runtime::ConsoleSize size) {
    Preparation result;
    runtime::HostFacts host = runtime::probe_host_facts();
    for (const runtime::ContainerGroup& group : groups.recorded())
        host.cgroups.push_back(group.hierarchy);
    if (!record.request.runtime.empty() && !record.built_in.empty())
        throw Error(ErrorKind::unsupported,
                    "the built-in image '{}' runs by skiff's own launcher only, not by --runtime",
                    record.built_in);
    require_apparmor(record.request.security);
    result.nested = nested_id_maps(record, host);
    JoinedNamespaces joined(engine, record);
    const CdiDevices cdi = find_cdi_devices(record.request, host.in_user_namespace);
    std::vector<HostDevice> devices = gather_devices(wanted_devices(record.request));
    std::ranges::copy(cdi.nodes, std::back_inserter(devices));
    const std::vector<runtime::DeviceRule> rules = watch_devices(record, groups, devices, result);
    const bool opens_devices = !rules.empty() && makes_devices(record.request);
    RootMount root = mount_root(engine, files, record,
                                {.in_user_namespace = host.in_user_namespace,
                                 .opens_devices = opens_devices,
                                 .nested = result.nested});
    result.built_in_lock = std::move(root.built_in_lock);
    std::ranges::copy(root.unenforced, std::back_inserter(result.less));
    std::ranges::move(root.unenforced, std::back_inserter(result.unenforced));
    engine.phases().mark("monitor: overlay");
    const RootDir view(duplicate(root.tree.get()));
    result.user = resolve_user(view, record.config.user, record.request.group_add);
    add_groups(cdi, result.user.groups);
    if (is_caller(record, result.user.uid) && result.user.home == "/")
        result.user.home = home_of_caller(record);
    require_mapped(result.user, record, result.nested ? *result.nested : host.maps);
    engine.phases().mark("monitor: user");
    MountSources sources({.engine = engine,
                          .files = files,
                          .record = record,
                          .root = view,
                          .user = result.user,
                          .in_user_namespace = host.in_user_namespace,
                          .nested = result.nested,
                          .shared = shared});
    if (!record.mounts.empty()) engine.phases().mark("monitor: volumes");
    if (result.nested) host = facts_of_nested(host, *result.nested);
    if (record.request.resources.oom_score_adj != 0)
        host.oom_score_adj =
            parse_number<int>(trim(read_file("/proc/self/oom_score_adj", 16))).value_or(0);
    SpecFacts facts = spec_facts(engine, host, files, record, size);
    facts.device_rules = rules;
    add_to_facts(cdi, facts);
    result.device_environment = cdi.environment;
    if (result.nested) describe_maps(*result.nested, facts);
    facts.covered = sources.covered_paths(engine);
    if (record.built_in == "host") facts.host_directories = host_directories();
    facts.added_files =
        write_own_files(files, record,
                        {.hostname = effective_hostname(record, facts.host_hostname),
                         .root = view,
                         .user = result.user,
                         .nested = result.nested});
    engine.phases().mark("monitor: files of /etc");
    oci::RuntimeSpec spec = build_spec(record, result.user, facts);
    const bool external = !record.request.runtime.empty();
    if (external && !record.request.secrets.empty())
        throw Error(ErrorKind::unsupported,
                    "--secret works with skiff's own launcher only, not with --runtime");
    result.plan = runtime::build_plan(spec, host);
    const std::vector<std::string> lowered = lowered_limits(spec, result.plan);
    std::ranges::copy(lowered, std::back_inserter(result.unenforced));
    std::ranges::copy(lowered, std::back_inserter(result.less));
    std::vector<std::string> less = find_less(record, result.plan, host);
    std::ranges::move(less, std::back_inserter(result.less));
    std::ranges::copy(cdi.less, std::back_inserter(result.less));
    if (!external) {
        const size_t known = result.unenforced.size();
        if (auto labels = find_unapplied_labels(record.request.security))
            result.unenforced.push_back(*std::move(labels));
        std::vector<std::string> limits = groups.apply(group_limits(record.request.resources));
        std::ranges::move(limits, std::back_inserter(result.unenforced));
        if (const int score = record.request.resources.oom_score_adj;
            score != 0 && result.plan.oom_score_adj.empty())
            result.unenforced.push_back(fmt::format(
                "the OOM score stays {} instead of {}: to lower it takes CAP_SYS_RESOURCE",
                host.oom_score_adj, score));
        if (record.request.resources.kernel_memory != 0)
            result.unenforced.emplace_back(
                "Specifying a kernel memory limit is deprecated, and it has no effect: kernels "
                "have "
                "no such limit any more, and count that memory in --memory");
        result.less.insert(result.less.end(),
                           result.unenforced.begin() + static_cast<std::ptrdiff_t>(known),
                           result.unenforced.end());
        engine.phases().mark("monitor: limits");
    }
    if (engine.options().strict) {
        if (!result.less.empty())
            throw Error(ErrorKind::unsupported, "--strict: {}", join(result.less, "; "));
        // A kernel without POSIX queues, say: otherwise the container would be without them.
        for (runtime::MountStep& mount : result.plan.mounts) mount.optional = false;
    }
    if (record.request.security.privileged) runtime::add_host_devices(result.plan);
    // After the host's: what was asked for by name wins.
    add_devices(devices, result.plan);
    joined.give_to(result.plan);
    if (keeps_groups(record.request)) result.plan.set_groups = false;
    result.plan.root = std::move(root.tree);
    result.plan.reaper = record.request.init && record.request.init_path.empty();
    result.plan.cgroup = groups.unified();
    result.plan.cgroup_tasks = groups.open_task_files();
    engine.phases().mark("monitor: spec and plan");
    if (const auto request =
            seccomp_request(record, runtime::CapabilitySet(result.plan.capabilities.bounding))) {
        if (external) {
            spec.seccomp = runtime::oci_seccomp(*request);
        } else {
            result.seccomp = runtime::get_program(*request, engine.root() + "/seccomp");
            result.plan.seccomp = result.seccomp->instructions();
        }
    }
    engine.phases().mark("monitor: seccomp filter");
    if (external) {
        sources.require_paths();
        add_device_binds(devices, spec);
        result.spec = std::move(spec);
    } else {
        if (!spec.hooks.empty() && result.nested)
            throw Error(
                ErrorKind::unsupported,
                "the CDI devices have hooks, which the built-in image '{}' cannot have: its "
                "user namespace does not see the container's files",
                record.built_in);
        if (!spec.hooks.empty()) result.hooks.emplace(files, std::move(spec)).prepare(result.plan);
        sources.give_to(result.plan);
        runtime::open_sources(result.plan);
        add_secrets(files, record, result);
    }
    connect_pipes(record, result);
    engine.phases().mark("monitor: mount sources");
    return result;
}

}  // namespace skiff::engine
