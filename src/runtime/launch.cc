// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch.h"

#include <cerrno>
#include <cstring>
#include <utility>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>

#include "base/text.h"
#include "runtime/handshake_parent.h"
#include "runtime/init/init.h"
#include "runtime/userns/map_writer.h"
#include "runtime/userns/namespace_refusal.h"

namespace skiff::runtime {
namespace {

/// `recursive` becomes true where the kernel shows the tree only as a whole: what is set on it must
/// then cover the whole.
///
/// `held`: a descriptor of it, which is then cloned whatever `path` leads to by now; or -1.
Fd open_tree(const std::string& path, int held, bool& recursive) {
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0U);
    Fd tree(static_cast<int>(held >= 0 ? syscall(SYS_open_tree, held, "", flags | AT_EMPTY_PATH)
                                       : syscall(SYS_open_tree, AT_FDCWD, path.c_str(), flags)));
    if (!tree.valid()) {
        // A mount that a user namespace inherited may not be shown without what covers it: EINVAL
        // for a part of it.
        if (errno == EINVAL && !recursive) {
            recursive = true;
            return open_tree(path, held, recursive);
        }
        throw SystemError(errno, "cannot mount '{}'", path);
    }
    return tree;
}

void set_tree_attributes(const MountStep& step, unsigned long long set, bool recursive) {
    mount_attr attributes{};
    attributes.attr_set = set;
    // Private all the way down: a submount that stayed in the host's peer group would receive what
    // the host mounts there later, without the restrictions set here.
    attributes.propagation =
        step.propagation == 0 || step.propagation == MS_PRIVATE ? MS_PRIVATE : 0;
    if ((attributes.attr_set & MOUNT_ATTR_NOATIME) != 0) attributes.attr_clr = MOUNT_ATTR__ATIME;
    const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);
    if (syscall(SYS_mount_setattr, step.tree.get(), "", flags, &attributes, sizeof attributes) == 0)
        return;
    if (errno == ENOSYS && attributes.attr_set == 0) return;  // until Linux 5.12 is our oldest
    if (errno == ENOSYS)
        throw Error(ErrorKind::unsupported,
                    "mounting '{}' with restrictions (such as read-only) needs Linux 5.12",
                    step.source);
    throw SystemError(errno, "cannot set the options of the mount of '{}'", step.source);
}

void open_source(MountStep& step) {
    const bool wanted_recursive = step.recursive;
    if (!step.tree.valid())
        step.tree = open_tree(step.source, step.source_fd.get(), step.recursive);
    step.source_fd.reset();
    // The kernel showed more than was asked for: then all of it is as restricted as its top.
    if (step.recursive && !wanted_recursive)
        step.attributes |= std::exchange(step.top_attributes, 0ULL);
    struct stat status{};
    if (fstat(step.tree.get(), &status) < 0)
        throw SystemError(errno, "cannot inspect '{}'", step.source);
    step.target_is_file = !S_ISDIR(status.st_mode);
    set_tree_attributes(step, step.attributes, step.recursive);
    if (step.top_attributes != 0) set_tree_attributes(step, step.top_attributes, false);
}

void open_device(DeviceStep& device) {
    const std::string path = device.source.empty() ? "/dev/" + device.name : device.source;
    bool recursive = false;
    device.tree = open_tree(path, -1, recursive);
    struct stat status{};
    if (fstat(device.tree.get(), &status) < 0)
        throw SystemError(errno, "cannot inspect '{}'", path);
    const bool right_type = device.is_block ? S_ISBLK(status.st_mode) : S_ISCHR(status.st_mode);
    if (!right_type || status.st_rdev != makedev(device.major, device.minor))
        throw Error(ErrorKind::unsupported, "'{}' of this machine is not the device {}:{}", path,
                    device.major, device.minor);
    // Read-only: the device can still be written to, but its node is the host's, and root of a
    // container must not change the node's mode or owner.
    mount_attr attributes{};
    attributes.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
    attributes.propagation = MS_PRIVATE;
    const unsigned flags = AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0U);
    if (syscall(SYS_mount_setattr, device.tree.get(), "", flags, &attributes, sizeof attributes) <
        0)
        throw SystemError(errno, "cannot set the options of the mount of '{}'", path);
}

CloneResult clone_init(unsigned long long flags, int cgroup) {
    try {
        return clone_process(flags, cgroup);
    } catch (const SystemError& error) {
        if ((flags & CLONE_NEWNET) != 0)
            if (const auto refusal = explain_network_refusal(error.errno_value())) throw *refusal;
        throw;
    }
}

/// Init, in new namespaces alone.
Child clone_own(const LaunchPlan& plan, const init::ExecVectors& vectors, unsigned long long flags,
                SocketPair& handshake) {
    CloneResult cloned = clone_init(flags, plan.cgroup);
    if (cloned.in_child) {
        ::close(handshake.ours.get());
        init::enter(plan, vectors, handshake.theirs.get());
    }
    handshake.theirs.reset();
    return std::move(cloned.child);
}

/// Init, by a process in between that has joined what is somebody else's; or that process itself.
Child clone_joined(const LaunchPlan& plan, const init::ExecVectors& vectors,
                   unsigned long long flags, SocketPair& handshake) {
    CloneResult between = clone_process(0, plan.cgroup);
    if (between.in_child) {
        ::close(handshake.ours.get());
        init::enter_joined(plan, vectors, flags, handshake.theirs.get());
    }
    handshake.theirs.reset();
    const Received first = receive_report(handshake.ours.get());
    const bool stays =
        !first.ended && first.report.kind == ReportKind::joined && init::enters_pid_namespace(plan);
    if (stays) return std::move(between.child);
    between.child.wait();
    if (first.ended) throw Error(ErrorKind::system, "the process that joins namespaces was killed");
    if (first.report.kind == ReportKind::failure) throw describe_failure(plan, first.report);
    if (first.report.kind != ReportKind::joined)
        throw Error(ErrorKind::system, "the process that joins namespaces spoke out of turn");
    return left_child(first.report);
}

/// The terminal may come before it.
Report await_report(ReportKind wanted, int socket, const LaunchPlan& plan, Launched& launched) {
    Received received = receive_report(socket);
    if (!received.ended && received.report.kind == ReportKind::console) {
        launched.pty_master = std::move(received.console);
        received = receive_report(socket);
    }
    if (received.ended) throw Error(ErrorKind::system, "the container's init was killed");
    if (received.report.kind == ReportKind::failure) throw describe_failure(plan, received.report);
    if (received.report.kind != wanted)
        throw Error(ErrorKind::system, "the container's init spoke out of turn");
    return received.report;
}

/// Init may have failed by now, and said so: the next report is that.
void send_second_go(int socket) {
    while (send(socket, "p", 1, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

}  // namespace

void open_sources(LaunchPlan& plan) {
    for (MountStep& step : plan.mounts)
        if (step.kind == MountStep::Kind::attach) open_source(step);
    std::erase_if(plan.devices, [](DeviceStep& device) {
        try {
            open_device(device);
            return false;
        } catch (const Error&) {
            if (!device.optional) throw;
            return true;
        }
    });
}

Launched launch(LaunchPlan plan, const IdMaps* nested, const LaunchHooks& hooks) {
    plan.waits_before_program = static_cast<bool>(hooks.before_program);
    plan.waits_when_mounted = static_cast<bool>(hooks.mounted);
    const ExecArrays arrays(plan);
    if (nested != nullptr) give_pipes(plan, *nested);

    SocketPair handshake = make_socket_pair(SOCK_SEQPACKET);
    // With v1 groups to enter first, the child makes its own cgroup namespace after that.
    const unsigned long long later =
        plan.cgroup_tasks.empty() ? 0 : static_cast<unsigned long long>(CLONE_NEWCGROUP);
    const unsigned long long flags = plan.clone_flags & ~later;
    Launched result{plan.joins.empty() ? clone_own(plan, arrays.vectors(), flags, handshake)
                                       : clone_joined(plan, arrays.vectors(), flags, handshake),
                    {}};
    if (nested != nullptr) write_id_maps(host_pid_of(result.init), *nested);
    if (hooks.cloned) hooks.cloned(result.init);
    write_all(handshake.ours.get(), "g", "the container's init");
    if (hooks.mounted) {
        await_report(ReportKind::mounted, handshake.ours.get(), plan, result);
        hooks.mounted();
        write_all(handshake.ours.get(), "m", "the container's init");
    }
    if (hooks.before_program) {
        hooks.before_program();
        send_second_go(handshake.ours.get());
    }

    if (init::enters_pid_namespace(plan)) {
        const Report report = await_report(ReportKind::joined, handshake.ours.get(), plan, result);
        result.init.wait();
        result.init = left_child(report);
        write_all(handshake.ours.get(), "g", "the container's first process");
    }
    await_program(handshake.ours.get(), plan, result);
    return result;
}

}  // namespace skiff::runtime
