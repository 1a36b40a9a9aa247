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
#include "engine/container/account_entries.h"
#include "engine/container/cdi_devices.h"
#include "engine/container/container_network.h"
#include "engine/container/devices.h"
#include "engine/container/etc_files.h"
#include "engine/container/id_layout.h"
#include "engine/container/layer_links.h"
#include "engine/container/log_options.h"
#include "engine/container/mapped_layers.h"
#include "engine/container/mount_points.h"
#include "engine/container/mount_sources.h"
#include "engine/container/namespace_sharing.h"
#include "engine/container/resolv_conf_watch.h"
#include "engine/container/security_labels.h"
#include "engine/container/spec_builder.h"
#include "engine/container/spec_facts.h"
#include "engine/container/storage_limit.h"
#include "engine/container/time_zone.h"
#include "engine/image/inherit_root.h"
#include "engine/secret/secret_files.h"
#include "engine/secret/secrets.h"
#include "runtime/capabilities/capability_set.h"
#include "runtime/host_devices.h"
#include "runtime/launch.h"
#include "runtime/plan/plan_builder.h"
#include "runtime/rootfs/overlay.h"
#include "runtime/userns/user_namespace.h"

namespace skiff::engine {
namespace {

/// False: it was there.
bool make_directory(int dir, const char* name, mode_t mode) {
    if (mkdirat(dir, name, mode) == 0) return true;
    if (errno != EEXIST)
        throw SystemError(errno, "cannot make the container's directory '{}'", name);
    return false;
}

/// overlay leaves a mark in work/ of a volatile mount that forbids the next one; such a container
/// never starts twice, but a launch may have failed after the mount.
void renew_work_directory(const ContainerFiles& files) {
    remove_tree(files.directory(), "work");
    make_directory(files.directory(), "work", 0700);
}

struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
};

void give(const ContainerFiles& files, const char* name, Owner owner) {
    if (fchownat(files.directory(), name, owner.uid, owner.gid, AT_SYMLINK_NOFOLLOW) < 0)
        throw SystemError(errno, "cannot give '{}' to the container's root", name);
}

/// Root of the container, as our own user namespace counts it.
Owner root_owner(const Preparation& preparation) {
    if (!preparation.nested) return {};
    return {to_outside(preparation.nested->uids, 0).value_or(0),
            to_outside(preparation.nested->gids, 0).value_or(0)};
}

void report_unenforced(std::string sentence, Preparation& preparation) {
    preparation.less.push_back(sentence);
    preparation.unenforced.push_back(std::move(sentence));
}

/// --rootfs without :O: the directory itself, which its owner chose to have written.
Fd clone_rootfs(const ContainerRecord& record) {
    Fd tree = runtime::clone_directory(record.rootfs);
    if (record.request.security.privileged) return tree;
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_NODEV;
    if (syscall(SYS_mount_setattr, tree.get(), "", AT_EMPTY_PATH | AT_RECURSIVE, &attributes,
                sizeof attributes) < 0)
        throw SystemError(errno, "cannot set the options of the mount of '{}'", record.rootfs);
    return tree;
}

/// Sets preparation.nested before, since the writable layer belongs to the container's root.
Fd mount_root(const Engine& engine, const ContainerFiles& files, const ContainerRecord& record,
              bool in_user_namespace, bool opens_devices, Preparation& preparation) {
    if (!record.rootfs.empty() && !record.rootfs_overlay) {
        if (!record.request.storage.options.empty())
            report_unenforced(
                "--storage-opt has no effect: --rootfs without :O has no layer of its own",
                preparation);
        return clone_rootfs(record);
    }
    const bool is_first_start = make_directory(files.directory(), "upper", 0755);
    renew_work_directory(files);
    StorageLimit limit(files, record.request.storage, in_user_namespace);
    runtime::OverlayRequest request;
    // Without an image there may be no folder of layers.
    request.base_directory = engine.root() + (record.rootfs.empty() ? "/l" : "/containers");
    const Owner owner = root_owner(preparation);
    Fd rootfs;
    Fd id_map;
    if (!record.rootfs.empty()) {
        rootfs = open_file(record.rootfs, O_RDONLY | O_DIRECTORY);
        if (is_first_start) inherit_root(rootfs.get(), files.directory(), "upper");
        request.lower = {fmt::format("/proc/self/fd/{}", rootfs.get())};
    } else if (record.built_in.empty()) {
        const bool mapped = wants_mapped_layers(in_user_namespace, record);
        request.lower =
            layer_links(engine, mapped ? mapped_layers(record.layers, record) : record.layers,
                        record.image_name);
        if (record.id_maps && !in_user_namespace && !record.layers.empty()) {
            id_map = runtime::make_user_namespace(*record.id_maps);
            request.id_map = id_map.get();
        }
        if (request.lower.empty()) {  // a build FROM scratch
            make_directory(files.directory(), "empty", 0755);
            request.lower = {fmt::format("../containers/{}/empty", record.id)};
        } else if (is_first_start) {
            const Fd top = open_at(AT_FDCWD, request.base_directory + "/" + request.lower.front(),
                                   O_RDONLY | O_DIRECTORY);
            inherit_root(top.get(), files.directory(), "upper");
        }
        // It belongs to root as the store counts.
        if (!preparation.nested && hides_mount_points(record))
            request.spare_lower = mount_points_layer(engine);
    } else {
        BuiltInLayer layer = built_in_layer(engine, record.built_in, owner.uid);
        request.lower = {"../builtin/" + layer.name};
        preparation.built_in_lock = std::move(layer.lock);
    }
    if (preparation.nested) give(files, "upper", owner);
    request.upper = fmt::format("../containers/{}/upper", record.id);
    request.work = fmt::format("../containers/{}/work", record.id);
    request.user_xattr = in_user_namespace;
    request.is_volatile = record.request.auto_remove;
    // The only other one who may make and open nodes has a group that says which.
    request.no_devices = !record.request.security.privileged && !opens_devices;
    Fd root = runtime::mount_overlay(request);
    if (auto less = limit.enforce()) report_unenforced(*std::move(less), preparation);
    return root;
}

void write_etc_file(const ContainerFiles& files, const char* name, const std::string& content) {
    // No rename needed: the container does not run, so nobody reads.
    Fd file = open_at(files.directory(), name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0644);
    write_all(file.get(), content, name);
}

void write_etc_files(const ContainerFiles& files, const ContainerRecord& record,
                     const std::string& hostname) {
    const CreateRequest& request = record.request;
    if (!shared_container(request.namespaces.network).empty()) return;  // it has the other's
    HostsFile hosts{
        .hostname = hostname, .own_address = {}, .extra = request.add_hosts, .host_gateway = {}};
    if (has_private_network(request)) {
        const network::HelperConfig config = network_config(request);
        hosts.own_address = network::to_text(config.address);
        hosts.host_gateway = host_gateway(request);
    } else if (request.namespaces.network == "host") {
        hosts.host_gateway = "127.0.0.1";
    }
    write_etc_file(files, "hostname", hostname + "\n");
    if (!request.domainname.empty()) hosts.hostname += "." + request.domainname;
    if (!request.no_hosts) write_etc_file(files, "hosts", hosts_content(hosts));
    write_etc_file(files, "resolv.conf", container_resolv_conf(request, host_resolv_conf()));
}

/// What is shown in /etc beside the three files, each as the container's root has it.
std::vector<std::string> write_added_files(const ContainerFiles& files,
                                           const ContainerRecord& record, const RootDir& root,
                                           const ContainerUser& user) {
    std::vector<std::string> names;
    const auto add = [&](const char* name, const std::string& content) {
        write_etc_file(files, name, content);
        names.emplace_back(name);
    };
    if (!record.request.timezone.empty()) add("localtime", read_time_zone(record.request.timezone));
    const AccountFiles accounts = account_files(record, root, user);
    if (accounts.passwd) add("passwd", *accounts.passwd);
    if (accounts.group) add("group", *accounts.group);
    return names;
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
    if (record.id_maps) return record.id_maps;
    if (record.built_in.empty()) return std::nullopt;
    const bool has_binds =
        std::any_of(record.mounts.begin(), record.mounts.end(), [](const MountRequest& mount) {
            return mount.type == MountType::bind || mount.type == MountType::volume;
        });
    return built_in_id_maps(record.built_in, host.maps, has_binds);
}

runtime::HostFacts facts_of_nested(runtime::HostFacts host, const runtime::IdMaps& maps) {
    constexpr gid_t tty = 5;
    host.in_user_namespace = true;
    host.can_set_groups = !maps.single_id();
    host.has_tty_group = to_outside(maps.gids, tty).has_value();
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
    require_apparmor(record.request.security);
    result.nested = nested_id_maps(record, host);
    JoinedNamespaces joined(engine, record);
    const CdiDevices cdi = find_cdi_devices(record.request, host.in_user_namespace);
    std::vector<HostDevice> devices = gather_devices(record.request.devices);
    std::ranges::copy(cdi.nodes, std::back_inserter(devices));
    const std::vector<runtime::DeviceRule> rules = watch_devices(record, groups, devices, result);
    const bool opens_devices = !rules.empty() && makes_devices(record.request);
    Fd root = mount_root(engine, files, record, host.in_user_namespace, opens_devices, result);
    engine.phases().mark("monitor: overlay");
    const RootDir view(duplicate(root.get()));
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
    write_etc_files(files, record, effective_hostname(record, facts.host_hostname));
    facts.added_files = write_added_files(files, record, view, result.user);
    if (result.nested) {  // and then nothing is joined
        const Owner owner = root_owner(result);
        std::vector<std::string> names = facts.added_files;
        names.insert(names.end(), {"hostname", "resolv.conf"});
        if (!record.request.no_hosts) names.emplace_back("hosts");
        for (const std::string& name : names) give(files, name.c_str(), owner);
    }
    engine.phases().mark("monitor: files of /etc");
    oci::RuntimeSpec spec = build_spec(record, result.user, facts);
    const bool external = !record.request.runtime.empty();
    if (external && !record.request.secrets.empty())
        throw Error(ErrorKind::unsupported,
                    "--secret works with skiff's own launcher only, not with --runtime");
    result.plan = runtime::build_plan(spec, host);
    std::vector<std::string> less = find_less(record, spec, result.plan, host);
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
