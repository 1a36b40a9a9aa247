// SPDX-License-Identifier: Apache-2.0
#include "runtime/rootfs/foreign_mount.h"

#include <cerrno>
#include <utility>
#include <variant>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/file.h"
#include "base/in_root.h"
#include "base/process.h"

namespace skiff::runtime {
namespace {

/// Of the object at `path`, as a detached mount of its own. In a child. Negative: -errno.
int copy_there(int mount_namespace, const char* path, unsigned long type) noexcept {
    if (setns(mount_namespace, CLONE_NEWNS) < 0) return -errno;
    const int root = in_root::open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
    if (root < 0) return root;
    const int target = in_root::open_beneath(root, path + 1, O_PATH | O_DIRECTORY);
    if (target < 0) return target;
    struct statfs status{};
    if (fstatfs(target, &status) < 0) return -errno;
    if (static_cast<unsigned long>(status.f_type) != type) return -ENODEV;
    const long tree =
        syscall(SYS_open_tree, target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    return tree < 0 ? -errno : static_cast<int>(tree);
}

/// A descriptor or an errno, of a child that goes there.
std::variant<Fd, int> copy_by_child(int mount_namespace, const char* path, unsigned long type) {
    SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        prctl(PR_SET_DUMPABLE, 0);
        const int tree = copy_there(mount_namespace, path, type);
        const int error = tree < 0 ? -tree : 0;
        try {
            send_with_fds(pair.theirs.get(), std::string(1, static_cast<char>(error)),
                          tree < 0 ? std::span<const int>() : std::span<const int>(&tree, 1));
        } catch (const Error&) {
        }
        _exit(0);
    }
    pair.theirs.reset();
    ReceivedMessage answer = receive_with_fds(pair.ours.get(), 16);
    cloned.child.wait();
    if (answer.fds.size() == 1) return std::move(answer.fds[0]);
    return answer.data.empty() ? EIO : static_cast<unsigned char>(answer.data[0]);
}

Fd copy_foreign_mount(int mount_namespace, const char* path, unsigned long type,
                      const char* wanted) {
    std::variant<Fd, int> copy = copy_by_child(mount_namespace, path, type);
    if (Fd* const fd = std::get_if<Fd>(&copy)) return std::move(*fd);
    const int error = std::get<int>(copy);
    if (error == ENODEV || error == ENOENT || error == ENOTDIR || error == ELOOP)
        throw Error(ErrorKind::unsupported, "it has no {} at {}", wanted, path);
    throw SystemError(error, "cannot open its {}", path);
}

/// Process 1 of a namespace is in it, and has that number nowhere else. Looked at on the copy: what
/// its owner has mounted over the original could say anything.
bool shows(int procfs, int pid_namespace) {
    const auto identity = [](int fd) {
        struct stat status{};
        if (fstat(fd, &status) < 0) throw SystemError(errno, "cannot inspect a pid namespace");
        return std::pair(status.st_dev, status.st_ino);
    };
    try {
        const Fd first = find_at(procfs, "1/ns/pid", O_RDONLY);
        return first.valid() && identity(first.get()) == identity(pid_namespace);
    } catch (const SystemError& error) {
        if (error.errno_value() != EACCES && error.errno_value() != EPERM) throw;
        return false;  // that of somebody whose namespaces are none of ours
    }
}

}  // namespace

Fd copy_foreign_tmpfs(int mount_namespace, const char* path) {
    return copy_foreign_mount(mount_namespace, path, TMPFS_MAGIC, "memory file system");
}

Fd copy_foreign_procfs(int mount_namespace, int pid_namespace) {
    Fd tree = copy_foreign_mount(mount_namespace, "/proc", PROC_SUPER_MAGIC, "procfs");
    if (!shows(tree.get(), pid_namespace))
        throw Error(ErrorKind::unsupported, "what it has at /proc does not show its processes");
    return tree;
}

}  // namespace skiff::runtime
