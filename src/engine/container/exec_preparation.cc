// SPDX-License-Identifier: Apache-2.0
#include "engine/container/exec_preparation.h"

#include <fcntl.h>
#include <signal.h>

#include <sys/syscall.h>

#include "base/error.h"
#include "base/process.h"
#include "base/root_dir.h"
#include "engine/container/launch_preparation.h"
#include "engine/container/nested_maps.h"
#include "engine/container/spec_facts.h"
#include "engine/container/user.h"
#include "engine/secret/secrets.h"
#include "runtime/capabilities/capability_set.h"
#include "runtime/cgroup/inner_group.h"
#include "runtime/plan/plan_builder.h"

namespace skiff::engine {
namespace {

/// The root directory as the container's first process has it.
Fd open_container_root(const ContainerFiles& files, const ContainerState& state, int init_pidfd) {
    Fd root = find_at(AT_FDCWD, fmt::format("/proc/{}/root", state.pid),
                      O_PATH | O_DIRECTORY | O_CLOEXEC);
    // Asked after the directory is open: while init lives, the number in the state is still its.
    if (syscall(SYS_pidfd_send_signal, init_pidfd, 0, nullptr, 0) < 0 || !root.valid())
        throw Error(ErrorKind::conflict, "Container {} is not running", files.id());
    return root;
}

ContainerUser user_for(const ExecRequest& request, const ContainerState& state, const Fd& root) {
    if (!request.user.empty()) return resolve_user(RootDir(duplicate(root.get())), request.user);
    return {state.uid, state.gid, state.groups, state.home};
}

/// The container's record with what the request says in place of what was said at its creation.
ContainerRecord for_exec(ContainerRecord record, const ContainerState& state, ExecRequest request) {
    record.config.entrypoint.clear();
    record.config.command = std::move(request.command);
    record.request.init_path.clear();
    record.request.tty = request.tty;
    record.request.security.privileged |= request.privileged;
    if (!request.working_directory.empty())
        record.config.working_directory = std::move(request.working_directory);
    for (const std::string& variable : state.device_environment)
        set_variable(record.config.environment, variable);
    for (const std::string& variable : request.environment)
        set_variable(record.config.environment, variable);
    return record;
}

}  // namespace

ExecPreparation prepare_exec(const Engine& engine, const ContainerFiles& files, ExecRequest request,
                             int init_pidfd, runtime::ConsoleSize size) {
    ExecPreparation result;
    if (!request.tty) connect_by_pipes(request.interactive, result.plan, result.io);
    const ContainerRecord record = files.record();
    const ContainerState state = files.stored_state();
    Fd root = open_container_root(files, state, init_pidfd);
    const ContainerUser user = user_for(request, state, root);
    runtime::HostFacts host = runtime::probe_host_facts();
    result.nested = nested_id_maps(record, host);
    require_mapped(user, record, result.nested ? *result.nested : host.maps);
    if (result.nested) host = facts_of_nested(host, *result.nested);

    SpecFacts facts = spec_facts(engine, host, files, record, size);
    // The plan's namespaces are those that the container has for itself, and so those to join.
    if (result.nested) describe_maps(*result.nested, facts);
    const bool dies_with_session = request.dies_with_session;
    const std::string request_user = request.user;
    const oci::RuntimeSpec spec =
        build_spec(for_exec(record, state, std::move(request)), user, facts);
    runtime::LaunchPlan plan = runtime::build_plan(spec, host);
    // What it has joined, it is in.
    for (const runtime::JoinStep& join : plan.joins)
        plan.clone_flags |= static_cast<unsigned>(join.type);
    plan.joins.clear();
    plan.sysctls.clear();
    if (keeps_groups(record.request) && request_user.empty()) plan.set_groups = false;
    for (const std::string& variable : secret_variables(files.directory(), record.request))
        set_variable(plan.environment, variable);
    // Of the container's tree nothing is made again.
    plan.mounts.clear();
    plan.devices.clear();
    plan.links.clear();
    plan.populate_dev = false;
    plan.masked_paths.clear();
    plan.read_only_paths.clear();
    plan.root = std::move(root);
    plan.stdin_read = std::move(result.plan.stdin_read);
    plan.stdout_write = std::move(result.plan.stdout_write);
    plan.stderr_write = std::move(result.plan.stderr_write);
    result.groups = runtime::ContainerGroups::open(state.cgroups, record.id);
    result.inner_group = runtime::open_inner_group(result.groups, static_cast<pid_t>(state.pid));
    plan.cgroup = result.inner_group.valid() ? result.inner_group.get() : result.groups.unified();
    plan.cgroup_tasks = result.groups.open_task_files();
    plan.die_with_parent = plan.die_with_parent || dies_with_session;
    result.plan = std::move(plan);
    // The container's own filter, with what the capabilities of this process add to it: as in
    // Docker, `exec --privileged` does not lift it.
    if (const auto wanted =
            seccomp_request(record, runtime::CapabilitySet(result.plan.capabilities.bounding))) {
        result.seccomp = runtime::get_program(*wanted, engine.root() + "/seccomp");
        result.plan.seccomp = result.seccomp->instructions();
    }
    return result;
}

}  // namespace skiff::engine
