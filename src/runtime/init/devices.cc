// SPDX-License-Identifier: Apache-2.0
// The container's /dev: nodes and links in a tmpfs that was mounted a moment ago, and its terminal.
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <linux/mount.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/in_root.h"
#include "runtime/init/steps.h"

namespace skiff::runtime::init {
namespace {

int attach(int tree, int target) noexcept {
    return syscall(SYS_move_mount, tree, "", target, "",
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH) < 0
               ? errno
               : 0;
}

/// A new empty file `name` in `dir` as a mount target; negative: -errno.
int make_target_file(int dir, const char* name) noexcept {
    const int file = openat(dir, name, O_CREAT | O_EXCL | O_NOFOLLOW | O_WRONLY | O_CLOEXEC, 0600);
    if (file < 0) return -errno;
    ::close(file);
    const int target = openat(dir, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    return target < 0 ? -errno : target;
}

int bind_device(int dev, const DeviceStep& step) noexcept {
    // Names may have directories ("net/tun"); all of them are made by us in a tmpfs that nobody
    // else has seen.
    const int target = in_root::open_target(dev, step.name.c_str(), in_root::Target::file);
    if (target < 0) return -target;
    const int error = attach(step.tree.get(), target);
    ::close(target);
    return error;
}

int send_descriptor(int socket, int fd) noexcept {
    Report report{ReportKind::console, Step::console, 0, 0};
    iovec part{&report, sizeof report};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(header), &fd, sizeof fd);
    while (sendmsg(socket, &message, MSG_NOSIGNAL) < 0)
        if (errno != EINTR) return errno;
    return 0;
}

int bind_console(int dev, int slave) noexcept {
    const int target = make_target_file(dev, "console");
    if (target < 0) return -target;
    const long tree =
        syscall(SYS_open_tree, slave, "", OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC | AT_EMPTY_PATH);
    int error = tree < 0 ? errno : 0;
    if (error == 0) error = attach(static_cast<int>(tree), target);
    if (tree >= 0) ::close(static_cast<int>(tree));
    ::close(target);
    return error;
}

}  // namespace

int populate_dev(const LaunchPlan& plan, Position& at) noexcept {
    at = {Step::dev, 0};
    const int dev = in_root::open(plan.root.get(), "/dev", O_PATH | O_DIRECTORY);
    if (dev < 0) return -dev;
    at.step = Step::device;
    for (unsigned i = 0; i < plan.devices.size(); ++i) {
        at.index = i;
        if (const int error = bind_device(dev, plan.devices[i])) return error;
    }
    at.step = Step::link;
    for (unsigned i = 0; i < plan.links.size(); ++i) {
        at.index = i;
        if (symlinkat(plan.links[i].text.c_str(), dev, plan.links[i].name.c_str()) < 0)
            return errno;
    }
    ::close(dev);
    return 0;
}

int open_console(const LaunchPlan& plan, int socket, int& console) noexcept {
    // From the container's own devpts, which was mounted by us: its index means something inside.
    const int master = in_root::open(plan.root.get(), "/dev/pts/ptmx", O_RDWR | O_NOCTTY);
    if (master < 0) return -master;
    const int unlock = 0;
    if (ioctl(master, TIOCSPTLCK, &unlock) < 0) return errno;
    // TIOCGPTPEER: the slave by the master's descriptor, no path in between (CVE-2025-52565).
    const int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);
    if (slave < 0) return errno;
    // Programs ask for the size as soon as they run, so it is set before they can.
    if (plan.console_size.rows != 0) {
        const winsize size{plan.console_size.rows, plan.console_size.columns, 0, 0};
        if (ioctl(master, TIOCSWINSZ, &size) < 0) return errno;
    }
    if (fchown(slave, plan.uid, static_cast<gid_t>(-1)) < 0) return errno;
    if (plan.populate_dev) {
        const int dev = in_root::open(plan.root.get(), "/dev", O_PATH | O_DIRECTORY);
        if (dev < 0) return -dev;
        const int error = bind_console(dev, slave);
        ::close(dev);
        if (error != 0) return error;
    }
    if (const int error = send_descriptor(socket, master)) return error;
    ::close(master);
    console = slave;
    return 0;
}

}  // namespace skiff::runtime::init
