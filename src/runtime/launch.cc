// SPDX-License-Identifier: Apache-2.0
#include "runtime/launch.h"

#include <cerrno>
#include <cstring>

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
#include "runtime/init/init.h"
#include "runtime/userns/map_writer.h"

namespace skiff::runtime {
namespace {

/// `recursive` becomes true where the kernel shows the tree only as a whole: what is set on it must
/// then cover the whole.
Fd open_tree(const std::string& path, bool& recursive) {
    const unsigned flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | (recursive ? AT_RECURSIVE : 0U);
    Fd tree(static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, path.c_str(), flags)));
    if (!tree.valid()) {
        // A mount that a user namespace inherited may not be shown without what covers it: EINVAL
        // for a part of it.
        if (errno == EINVAL && !recursive) {
            recursive = true;
            return open_tree(path, recursive);
        }
        throw SystemError(errno, "cannot mount '{}'", path);
    }
    return tree;
}

void set_tree_attributes(const MountStep& step) {
    mount_attr attributes{};
    attributes.attr_set = step.attributes;
    // Private all the way down: a submount that stayed in the host's peer group would receive what
    // the host mounts there later, without the restrictions set here.
    attributes.propagation =
        step.propagation == 0 || step.propagation == MS_PRIVATE ? MS_PRIVATE : 0;
    if ((attributes.attr_set & MOUNT_ATTR_NOATIME) != 0) attributes.attr_clr = MOUNT_ATTR__ATIME;
    const unsigned flags = AT_EMPTY_PATH | (step.recursive ? AT_RECURSIVE : 0U);
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
    step.tree = open_tree(step.source, step.recursive);
    struct stat status{};
    if (fstat(step.tree.get(), &status) < 0)
        throw SystemError(errno, "cannot inspect '{}'", step.source);
    step.target_is_file = !S_ISDIR(status.st_mode);
    set_tree_attributes(step);
}

void open_device(DeviceStep& device) {
    const std::string path = "/dev/" + device.name;
    bool recursive = false;
    device.tree = open_tree(path, recursive);
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

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list;
}

/// A nested namespace's root does not own pipes that its parent made, and cannot take them.
void give_pipes(const LaunchPlan& plan, const IdMaps& nested) {
    const auto owner = to_outside(nested.uids, plan.uid);
    if (!owner) return;
    for (const Fd* end : {&plan.stdin_read, &plan.stdout_write, &plan.stderr_write})
        if (end->valid() && fchown(end->get(), *owner, static_cast<gid_t>(-1)) < 0)
            throw SystemError(errno, "cannot give a pipe to the container's user");
}

struct Received {
    Report report;
    Fd console;
    bool ended = false;
};

Received receive_report(int socket) {
    ReceivedMessage message = receive_with_fds(socket, sizeof(Report) + 1);
    Received received;
    received.ended = message.data.empty();
    if (received.ended) return received;
    if (message.data.size() != sizeof(Report))
        throw Error(ErrorKind::system, "the container's init sent {} bytes", message.data.size());
    std::memcpy(&received.report, message.data.data(), sizeof(Report));
    if (received.report.kind == ReportKind::console && message.fds.size() == 1)
        received.console = std::move(message.fds[0]);
    return received;
}

[[noreturn]] void report_death(Child& init) {
    const ExitStatus status = init.wait();
    if (status.signal != 0)
        throw Error(ErrorKind::system,
                    "the container's init was killed by signal {} before it ran the program",
                    status.signal);
    throw Error(ErrorKind::system,
                "the container's init ended with status {} before it ran the program", status.code);
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

Launched launch(LaunchPlan plan, const IdMaps* nested) {
    const std::vector<char*> arguments = pointers(plan.arguments);
    const std::vector<char*> environment = pointers(plan.environment);
    if (nested != nullptr) give_pipes(plan, *nested);

    SocketPair handshake = make_socket_pair(SOCK_SEQPACKET);
    CloneResult cloned = clone_process(plan.clone_flags);
    if (cloned.in_child) {
        ::close(handshake.ours.get());
        init::enter(plan, {arguments.data(), environment.data()}, handshake.theirs.get());
    }
    handshake.theirs.reset();
    Launched result{std::move(cloned.child), {}};
    if (nested != nullptr) write_id_maps(host_pid_of(result.init), *nested);
    write_all(handshake.ours.get(), "g", "the container's init");

    for (bool ready = false;;) {
        Received received = receive_report(handshake.ours.get());
        if (received.ended) {
            if (ready) return result;
            report_death(result.init);
        }
        switch (received.report.kind) {
            case ReportKind::ready:
                ready = true;
                break;
            case ReportKind::console:
                result.pty_master = std::move(received.console);
                break;
            case ReportKind::failure:
                throw describe_failure(plan, received.report);
        }
    }
}

}  // namespace skiff::runtime
