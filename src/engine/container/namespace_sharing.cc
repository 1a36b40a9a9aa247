// SPDX-License-Identifier: Apache-2.0
#include "engine/container/namespace_sharing.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <linux/mount.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/id_layout.h"
#include "engine/container/lifecycle.h"
#include "engine/container/spec_builder.h"
#include "engine/container/spec_facts.h"
#include "monitor/client.h"
#include "runtime/rootfs/foreign_mount.h"

namespace skiff::engine {
namespace {

constexpr std::string_view prefix = "container:";

/// What can be joined: the mode, the kernel's word and number, and Docker's words for a refusal.
struct Kind {
    std::string NamespaceModes::* mode;
    const char* file;  ///< below /proc/PID/ns
    int type;
    const char* refusal;  ///< in front of the id
};
constexpr std::array kinds{
    Kind{&NamespaceModes::network, "net", CLONE_NEWNET,
         "cannot join network of a non running container"},
    Kind{&NamespaceModes::ipc, "ipc", CLONE_NEWIPC, "can't join IPC of a non running container"},
    Kind{&NamespaceModes::pid, "pid", CLONE_NEWPID, "cannot join PID of a non running container"},
};

[[noreturn]] void refuse_ended(const Kind& kind, std::string_view id) {
    throw Error(ErrorKind::conflict, "{}: {}", kind.refusal, id);
}

void refuse_restarting(const ContainerState& state, std::string_view id) {
    if (state.status == ContainerStatus::restarting)
        throw Error(ErrorKind::conflict,
                    "Container {} is restarting, wait until the container is running", id);
}

/// Its own user namespace owns what is to be joined, and has another root than ours.
void require_same_user_namespace(const ContainerRecord& record) {
    if (record.built_in == "host")
        throw Error(ErrorKind::unsupported,
                    "a container of the image host has a user namespace of its own, and cannot "
                    "join namespaces of another container");
    if (parse_id_layout(record.request.namespaces.user).kind != IdLayout::Kind::shared)
        throw Error(ErrorKind::unsupported,
                    "a container with --userns {} has a user namespace of its own, and cannot join "
                    "namespaces of another container",
                    record.request.namespaces.user);
    if (!record.request.runtime.empty())
        throw Error(ErrorKind::unsupported,
                    "namespaces of another container are joined by skiff's own launcher only, not "
                    "by --runtime");
}

ContainerFiles files_of(const Engine& engine, const std::string& id) {
    try {
        return {engine, id};
    } catch (const SystemError&) {
        throw Error(ErrorKind::not_found, "No such container: {}", id);
    }
}

struct Process {
    Fd directory;  ///< below /proc
    Fd open_namespace(const char* file) const {
        return find_at(directory.get(), fmt::format("ns/{}", file), O_RDONLY);
    }
};

/// The descriptor holds the process, not its number: looked up after it has ended, it is empty.
Process open_process(const ContainerState& state, const Kind& kind, const std::string& id) {
    refuse_restarting(state, id);
    if (state.status != ContainerStatus::running || state.boot_id != boot_id())
        refuse_ended(kind, id);
    Process process{find_at(AT_FDCWD, fmt::format("/proc/{}", state.pid), O_RDONLY | O_DIRECTORY)};
    if (!process.directory.valid()) refuse_ended(kind, id);
    const auto line = find_file(process.directory.get(), "stat", 4096);
    if (!line || start_time_in(*line) != state.pid_start_time) refuse_ended(kind, id);
    return process;
}

Fd open_namespace(const Process& process, const Kind& kind, const std::string& id) {
    try {
        Fd fd = process.open_namespace(kind.file);
        if (!fd.valid()) refuse_ended(kind, id);
        return fd;
    } catch (const SystemError& error) {
        if (error.errno_value() == ESRCH) refuse_ended(kind, id);
        if (error.errno_value() != EACCES && error.errno_value() != EPERM) throw;
        throw Error(ErrorKind::unsupported,
                    "container {} belongs to another user namespace, whose namespaces cannot be "
                    "joined from here (it was started while no other container ran, or with a "
                    "limit on processes); start both again",
                    id);
    }
}

}  // namespace

std::string_view shared_container(std::string_view mode) {
    return mode.starts_with(prefix) ? mode.substr(prefix.size()) : std::string_view();
}

bool has_own_pid_namespace(const NamespaceModes& modes) {
    return modes.pid != "host" && shared_container(modes.pid).empty();
}

bool keeps_groups(const CreateRequest& request) {
    return request.group_add == std::vector<std::string>{std::string(keep_groups)};
}

void settle_namespaces(const Engine& engine, ContainerRecord& record) {
    NamespaceModes& modes = record.request.namespaces;
    for (const Kind& kind : kinds) {
        std::string& mode = modes.*kind.mode;
        const std::string name(shared_container(mode));
        if (name.empty()) continue;
        require_same_user_namespace(record);
        const ContainerFiles files = find_container(engine, name);
        const ContainerRecord other = files.record();
        const std::string& theirs = other.request.namespaces.*kind.mode;
        if (kind.type == CLONE_NEWIPC && theirs != "host" && theirs != "shareable" &&
            shared_container(theirs).empty())
            throw Error(ErrorKind::invalid,
                        "can't join IPC of container {}: non-shareable IPC (hint: use "
                        "IpcMode:shareable for the donor container)",
                        files.id());
        mode = theirs == "host" ? theirs : std::string(prefix) + files.id();
        if (kind.type == CLONE_NEWNET && mode != "host")
            record.config.hostname = effective_hostname(other, host_name());
    }
}

std::string joined_container(const ContainerRecord& record) {
    for (const Kind& kind : kinds)
        if (const auto id = shared_container(record.request.namespaces.*kind.mode); !id.empty())
            return std::string(id);
    return {};
}

Fd user_namespace_of(const Engine& engine, const ContainerRecord& record, const std::string& id) {
    const Kind& kind = *std::ranges::find_if(kinds, [&](const Kind& candidate) {
        return shared_container(record.request.namespaces.*candidate.mode) == id;
    });
    const ContainerFiles files = files_of(engine, id);
    const ContainerState state = files.current_state();
    refuse_restarting(state, id);
    if (state.status != ContainerStatus::running) refuse_ended(kind, id);
    const monitor::MonitorConnection connection = connect_to_running(files);
    if (auto fd = monitor::request_userns(connection.socket.get(), connection.version))
        return *std::move(fd);
    throw Error(ErrorKind::unsupported,
                "container {} has a user namespace of its own (--ulimit nproc), so that its other "
                "namespaces cannot be joined",
                id);
}

JoinedNamespaces::JoinedNamespaces(const Engine& engine, const ContainerRecord& record) {
    for (const Kind& kind : kinds) {
        const std::string id(shared_container(record.request.namespaces.*kind.mode));
        if (id.empty()) continue;
        const Process process = open_process(files_of(engine, id).stored_state(), kind, id);
        joined_.push_back({kind.type, open_namespace(process, kind, id)});
        if (kind.type == CLONE_NEWNET) continue;
        const Fd mounts = process.open_namespace("mnt");
        if (!mounts.valid()) refuse_ended(kind, id);
        if (kind.type == CLONE_NEWIPC)
            shared_memory_ =
                with_context([&] { return runtime::copy_foreign_tmpfs(mounts.get(), "/dev/shm"); },
                             "can't join IPC of container {}", id);
        else
            procfs_ = with_context(
                [&] { return runtime::copy_foreign_procfs(mounts.get(), joined_.back().fd.get()); },
                "cannot join PID of container {}", id);
    }
}

void JoinedNamespaces::give_to(runtime::LaunchPlan& plan) {
    for (runtime::JoinStep& step : plan.joins)
        for (Joined& joined : joined_)
            if (joined.type == step.type) step.fd = std::move(joined.fd);
    for (runtime::MountStep& step : plan.mounts) {
        const bool attached = step.kind == runtime::MountStep::Kind::attach;
        if (shared_memory_.valid() && attached && step.source == shared_memory_source)
            step.tree = std::move(shared_memory_);
        if (procfs_.valid() && !attached && step.type == "proc") {
            step.kind = runtime::MountStep::Kind::attach;
            step.attributes = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC;
            step.tree = std::move(procfs_);
        }
    }
}

std::string namespaces_path(const Engine& engine, std::string_view mode) {
    try {
        const ContainerState state =
            ContainerFiles(engine, std::string(shared_container(mode))).current_state();
        return state.pid > 0 ? fmt::format("/proc/{}/ns", state.pid) : "";
    } catch (const Error&) {
        return "";  // it was removed; who starts has been told so
    }
}

EtcOwner etc_owner(const Engine& engine, const ContainerRecord& record) {
    // A chain (Y joins X, which joined Z) ends where somebody has a network.
    std::string id = record.id;
    std::string mode = record.request.namespaces.network;
    bool has_hosts = !record.request.no_hosts;
    constexpr int longest = 32;
    for (int i = 0; i < longest && !shared_container(mode).empty(); ++i) {
        id = shared_container(mode);
        try {
            const CreateRequest other = ContainerFiles(engine, id).record().request;
            mode = other.namespaces.network;
            has_hosts = has_hosts && !other.no_hosts;
        } catch (const Error&) {
            break;
        }
    }
    return {fmt::format("{}/containers/{}", engine.root(), id), has_hosts};
}

}  // namespace skiff::engine
