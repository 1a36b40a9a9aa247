// SPDX-License-Identifier: Apache-2.0
#include "engine/container/launch_preparation.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "engine/builtin/built_in_image.h"
#include "engine/container/container_network.h"
#include "engine/container/etc_files.h"
#include "engine/container/layer_links.h"
#include "engine/container/log_options.h"
#include "engine/container/mount_sources.h"
#include "engine/container/resolv_conf_watch.h"
#include "engine/container/spec_builder.h"
#include "engine/container/spec_facts.h"
#include "runtime/capabilities/capability_set.h"
#include "runtime/host_devices.h"
#include "runtime/launch.h"
#include "runtime/plan/plan_builder.h"
#include "runtime/rootfs/overlay.h"

namespace skiff::engine {
namespace {

void make_directory(int dir, const char* name, mode_t mode) {
    if (mkdirat(dir, name, mode) < 0 && errno != EEXIST)
        throw SystemError(errno, "cannot make the container's directory '{}'", name);
}

/// overlay leaves a mark in work/ of a volatile mount that forbids the next one; such a container
/// never starts twice, but a launch may have failed after the mount.
void renew_work_directory(const ContainerFiles& files) {
    remove_tree(files.directory(), "work");
    make_directory(files.directory(), "work", 0700);
}

void give(const ContainerFiles& files, const char* name, uid_t owner) {
    if (fchownat(files.directory(), name, owner, owner, AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot give '{}' to the container's root", name);
}

/// Root of the container, as our own user namespace counts it.
uid_t root_owner(const Preparation& preparation) {
    return preparation.nested ? to_outside(preparation.nested->uids, 0).value_or(0) : 0;
}

/// Sets preparation.nested before, since the writable layer belongs to the container's root.
Fd mount_root(const Engine& engine, const ContainerFiles& files, const ContainerRecord& record,
              bool in_user_namespace, Preparation& preparation) {
    make_directory(files.directory(), "upper", 0755);
    renew_work_directory(files);
    runtime::OverlayRequest request;
    request.base_directory = engine.root() + "/l";
    const uid_t owner = root_owner(preparation);
    if (record.built_in.empty()) {
        request.lower = layer_links(engine, record.layers, record.image_name);
    } else {
        BuiltInLayer layer = built_in_layer(engine, record.built_in, owner);
        request.lower = {"../builtin/" + layer.name};
        preparation.built_in_lock = std::move(layer.lock);
    }
    if (owner != 0) give(files, "upper", owner);
    request.upper = fmt::format("../containers/{}/upper", record.id);
    request.work = fmt::format("../containers/{}/work", record.id);
    request.user_xattr = in_user_namespace;
    request.is_volatile = record.request.auto_remove;
    request.no_devices = !record.request.security.privileged;
    return runtime::mount_overlay(request);
}

void write_etc_file(const ContainerFiles& files, const char* name, const std::string& content) {
    // No rename needed: the container does not run, so nobody reads.
    Fd file = open_at(files.directory(), name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    write_all(file.get(), content, name);
}

void write_etc_files(const ContainerFiles& files, const ContainerRecord& record,
                     const std::string& hostname) {
    const CreateRequest& request = record.request;
    HostsFile hosts{
        .hostname = hostname, .own_address = {}, .extra = request.add_hosts, .host_gateway = {}};
    const std::string host = host_resolv_conf();
    ResolvConf resolv{.host = host,
                      .servers = request.dns,
                      .search = request.dns_search,
                      .options = request.dns_options,
                      .resolver = {},
                      .own_network = request.namespaces.network != "host"};
    if (has_private_network(request)) {
        const network::HelperConfig config = network_config(request);
        hosts.own_address = network::to_text(config.address);
        hosts.host_gateway = host_gateway(request);
        resolv.resolver = network::to_text(config.resolver);
        // Names open addresses in the helper's resolver alone; there --dns holds.
        if (!request.slirp.egress.empty()) resolv.servers.clear();
    } else if (request.namespaces.network == "host") {
        hosts.host_gateway = "127.0.0.1";
    }
    write_etc_file(files, "hostname", hostname + "\n");
    write_etc_file(files, "hosts", hosts_content(hosts));
    write_etc_file(files, "resolv.conf", resolv_conf_content(resolv));
}

/// What the container quietly gets less of than was asked: `inspect` shows it, --strict refuses it.
std::vector<std::string> find_less(const ContainerRecord& record, const oci::RuntimeSpec& spec,
                                   const runtime::LaunchPlan& plan,
                                   const runtime::HostFacts& host) {
    std::vector<std::string> less;
    if (host.maps.single_id())
        less.emplace_back(
            "the container has a single user: you have no range in /etc/subuid and /etc/subgid "
            "(as root: usermod --add-subuids 100000-165535 --add-subgids 100000-165535 NAME)");
    for (size_t i = 0; i < plan.rlimits.size(); ++i)
        if (plan.rlimits[i].limit.rlim_max < spec.process.rlimits[i].hard)
            less.push_back(fmt::format("{} cannot be raised to {} here, {} is the most",
                                       spec.process.rlimits[i].type, spec.process.rlimits[i].hard,
                                       plan.rlimits[i].limit.rlim_max));
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

void require_mapped(const ContainerUser& user, const ContainerRecord& record,
                    const runtime::IdMaps& maps) {
    const auto refuse = [&](const char* what, std::uint32_t id,
                            const std::vector<runtime::IdExtent>& map, const char* file) {
        if (runtime::to_outside(map, id)) return;
        std::uint64_t last = 0;
        for (const runtime::IdExtent& extent : map)
            last = std::max(last, std::uint64_t{extent.inside} + extent.count - 1);
        const std::string remedy =
            record.built_in.empty()
                ? fmt::format(
                      "; with a larger range for you in {} (see subuid(5)), containers that "
                      "are started from then on have more",
                      file)
                : "";
        throw Error(ErrorKind::invalid,
                    "the {} {} cannot be had in container {}: the ids in its user namespace end "
                    "at {}{}",
                    what, id, record.name, last, remedy);
    };
    refuse("user", user.uid, maps.uids, "/etc/subuid");
    refuse("group", user.gid, maps.gids, "/etc/subgid");
    // Of a single id, setgroups(2) is denied anyway, and nobody has groups.
    if (maps.single_id()) return;
    for (const std::uint32_t group : user.groups) refuse("group", group, maps.gids, "/etc/subgid");
}

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

std::optional<runtime::IdMaps> nested_id_maps(const ContainerRecord& record,
                                              const runtime::HostFacts& host) {
    if (record.built_in.empty()) return std::nullopt;
    const bool has_binds =
        std::any_of(record.mounts.begin(), record.mounts.end(), [](const MountRequest& mount) {
            return mount.type == MountType::bind || mount.type == MountType::volume;
        });
    return built_in_id_maps(record.built_in, host.maps, has_binds);
}

runtime::HostFacts facts_of_nested(runtime::HostFacts host) {
    host.in_user_namespace = true;
    host.can_set_groups = true;
    host.has_tty_group = true;
    host.can_raise_limits = false;
    host.available_capabilities = runtime::kernel_capabilities().bits();
    return host;
}

void describe_maps(const runtime::IdMaps& maps, SpecFacts& facts) {
    for (const runtime::IdExtent& row : maps.uids)
        facts.uid_mappings.push_back({row.inside, row.outside, row.count});
    for (const runtime::IdExtent& row : maps.gids)
        facts.gid_mappings.push_back({row.inside, row.outside, row.count});
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
    result.nested = nested_id_maps(record, host);
    Fd root = mount_root(engine, files, record, host.in_user_namespace, result);
    engine.phases().mark("monitor: overlay");
    const RootDir view(duplicate(root.get()));
    result.user = resolve_user(view, record.config.user);
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
    if (result.nested) host = facts_of_nested(host);
    if (record.request.resources.oom_score_adj != 0)
        host.oom_score_adj =
            parse_number<int>(trim(read_file("/proc/self/oom_score_adj", 16))).value_or(0);
    SpecFacts facts = spec_facts(host, files, size);
    if (result.nested) describe_maps(*result.nested, facts);
    facts.covered = sources.covered_paths(engine);
    if (record.built_in == "host") facts.host_directories = host_directories();
    write_etc_files(files, record, effective_hostname(record, facts.host_hostname));
    if (const uid_t owner = root_owner(result); owner != 0)
        for (const char* name : {"hosts", "hostname", "resolv.conf"}) give(files, name, owner);
    engine.phases().mark("monitor: files of /etc");
    oci::RuntimeSpec spec = build_spec(record, result.user, facts);
    const bool external = !record.request.runtime.empty();
    result.plan = runtime::build_plan(spec, host);
    result.less = find_less(record, spec, result.plan, host);
    if (!external) {
        result.unenforced = groups.apply(group_limits(record.request.resources));
        if (const int score = record.request.resources.oom_score_adj;
            score != 0 && result.plan.oom_score_adj.empty())
            result.unenforced.push_back(fmt::format(
                "the OOM score stays {} instead of {}: to lower it takes CAP_SYS_RESOURCE",
                host.oom_score_adj, score));
        result.less.insert(result.less.end(), result.unenforced.begin(), result.unenforced.end());
        engine.phases().mark("monitor: limits");
    }
    if (engine.options().strict) {
        if (!result.less.empty())
            throw Error(ErrorKind::unsupported, "--strict: {}", join(result.less, "; "));
        // A kernel without POSIX queues, say: otherwise the container would be without them.
        for (runtime::MountStep& mount : result.plan.mounts) mount.optional = false;
    }
    if (record.request.security.privileged) runtime::add_host_devices(result.plan);
    result.plan.root = std::move(root);
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
        result.spec = std::move(spec);
    } else {
        sources.give_to(result.plan);
        runtime::open_sources(result.plan);
    }
    connect_pipes(record, result);
    engine.phases().mark("monitor: mount sources");
    return result;
}

}  // namespace skiff::engine
