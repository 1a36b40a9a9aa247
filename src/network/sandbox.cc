// SPDX-License-Identifier: Apache-2.0
#include "network/sandbox.h"

#include <cerrno>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/mount.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/fd.h"

namespace skiff::network {
namespace {

void limit(int resource, rlim_t value) {
    const rlimit limits{value, value};
    if (setrlimit(static_cast<__rlimit_resource>(resource), &limits) < 0)
        throw SystemError(errno, "cannot limit the network helper");
}

/// As many connections as the caller's hard limit allows.
void raise_descriptor_limit() {
    rlimit limits{};
    if (getrlimit(RLIMIT_NOFILE, &limits) < 0) return;
    limits.rlim_cur = limits.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limits);
}

}  // namespace

void become_unreachable() {
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || prctl(PR_SET_DUMPABLE, 0) < 0)
        throw SystemError(errno, "cannot close the network helper to others");
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_MEMLOCK, 0);
    raise_descriptor_limit();
}

void enter_empty_root() {
    const auto check = [](long result) {
        if (result < 0) throw SystemError(errno, "cannot give the network helper an empty root");
        return static_cast<int>(result);
    };
    check(unshare(CLONE_NEWNS));
    const Fd context(check(syscall(SYS_fsopen, "tmpfs", FSOPEN_CLOEXEC)));
    check(syscall(SYS_fsconfig, context.get(), FSCONFIG_SET_STRING, "mode", "0555", 0));
    check(syscall(SYS_fsconfig, context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0));
    const Fd root(check(
        syscall(SYS_fsmount, context.get(), FSMOUNT_CLOEXEC,
                MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC)));
    check(syscall(SYS_move_mount, root.get(), "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH));
    check(fchdir(root.get()));
    // The initial file system of a machine (initramfs) cannot be put away, only left.
    if (syscall(SYS_pivot_root, ".", ".") < 0) {
        check(chroot("."));
    } else {
        check(umount2(".", MNT_DETACH));
    }
    check(chdir("/"));
}

void keep_capabilities(std::uint64_t bits) {
    for (unsigned long number = 0; prctl(PR_CAPBSET_DROP, number) == 0; ++number) {
    }
    if (errno != EINVAL && errno != EPERM)
        throw SystemError(errno, "cannot drop the capabilities of the network helper");
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const auto low = static_cast<std::uint32_t>(bits);
    const auto high = static_cast<std::uint32_t>(bits >> 32U);
    const __user_cap_data_struct data[2] = {{low, low, 0}, {high, high, 0}};
    if (syscall(SYS_capset, &header, data) < 0)
        throw SystemError(errno, "cannot drop the capabilities of the network helper");
}

void load_filter(std::span<const AllowedCall> calls) {
    const std::vector<sock_filter> program = make_filter(calls);
    const sock_fprog argument{static_cast<unsigned short>(program.size()),
                              const_cast<sock_filter*>(program.data())};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, 2 /* SECCOMP_MODE_FILTER */, &argument) < 0)
        throw SystemError(errno, "cannot load the network helper's filter of system calls");
}

}  // namespace skiff::network
