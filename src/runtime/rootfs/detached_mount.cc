// SPDX-License-Identifier: Apache-2.0
#include "runtime/rootfs/detached_mount.h"

#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/syscall.h>

#include "base/error.h"

namespace skiff::runtime {

Fd mount_detached(const DetachedMountRequest& request) {
    // Not fsopen(2): mount(2) is what the options of a user are written for, network file systems'
    // above all, whose helpers pass them on as one text.
    if (mount(request.device.c_str(), request.place.c_str(), request.type.c_str(), request.flags,
              request.data.c_str()) < 0)
        throw SystemError(errno, "cannot mount '{}' (type {}, options '{}')", request.device,
                          request.type, request.data);
    Fd tree(static_cast<int>(syscall(SYS_open_tree, AT_FDCWD, request.place.c_str(),
                                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC)));
    const int error = errno;
    umount2(request.place.c_str(), MNT_DETACH);
    if (!tree.valid()) throw SystemError(error, "cannot detach the mount of '{}'", request.device);
    return tree;
}

}  // namespace skiff::runtime
