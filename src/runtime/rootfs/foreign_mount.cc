// SPDX-License-Identifier: Apache-2.0
#include "runtime/rootfs/foreign_mount.h"

#include <cerrno>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <linux/magic.h>
#include <linux/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include "base/error.h"
#include "base/in_root.h"
#include "base/process.h"

namespace skiff::runtime {
namespace {

/// In the child. Negative: -errno.
int copy_there(int mount_namespace, const char* path) noexcept {
    if (setns(mount_namespace, CLONE_NEWNS) < 0) return -errno;
    const int root = in_root::open(AT_FDCWD, "/", O_PATH | O_DIRECTORY);
    if (root < 0) return root;
    const int target = in_root::open_beneath(root, path, O_PATH | O_DIRECTORY);
    if (target < 0) return target;
    struct statfs status{};
    if (fstatfs(target, &status) < 0) return -errno;
    if (static_cast<unsigned long>(status.f_type) != TMPFS_MAGIC) return -ENODEV;
    const long tree =
        syscall(SYS_open_tree, target, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    return tree < 0 ? -errno : static_cast<int>(tree);
}

}  // namespace

Fd copy_foreign_mount(int mount_namespace, const char* path) {
    const char* const below = path + 1;
    SocketPair pair = make_socket_pair(SOCK_SEQPACKET);
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        prctl(PR_SET_DUMPABLE, 0);
        const int tree = copy_there(mount_namespace, below);
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
    const int error = answer.data.empty() ? EIO : static_cast<unsigned char>(answer.data[0]);
    if (error == ENODEV || error == ENOENT || error == ENOTDIR || error == ELOOP)
        throw Error(ErrorKind::unsupported, "it has no memory file system at {}", path);
    throw SystemError(error, "cannot open its {}", path);
}

}  // namespace skiff::runtime
