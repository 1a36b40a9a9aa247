// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/in_root.h"
#include "runtime/init/steps.h"

namespace skiff::runtime::init {
namespace {

/// Makes `fd` the stream `number`, for a program that runs as plan.uid: a pipe is given to it, or
/// "> /dev/stdout" fails for everyone but root.
int connect(int fd, int number, const LaunchPlan& plan) noexcept {
    struct stat status{};
    if (fstat(fd, &status) < 0) return errno;
    if (plan.own_streams && S_ISFIFO(status.st_mode) && status.st_uid != plan.uid &&
        fchown(fd, plan.uid, static_cast<gid_t>(-1)) < 0)
        return errno;
    return dup2(fd, number) < 0 ? errno : 0;
}

}  // namespace

int bring_up_loopback() noexcept {
    const int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return errno;
    ifreq request{};
    memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP;
    const int error = ioctl(fd, SIOCSIFFLAGS, &request) < 0 ? errno : 0;
    ::close(fd);
    return error;
}

int connect_stdio(const LaunchPlan& plan, int console) noexcept {
    if (plan.terminal) {
        for (int number = 0; number < 3; ++number)
            if (dup2(console, number) < 0) return errno;
        return 0;
    }
    int input = plan.stdin_read.get();
    if (input < 0) {
        input = in_root::open(plan.root.get(), "/dev/null", O_RDONLY | O_NOCTTY);
        if (input < 0) return -input;
    }
    if (const int error = connect(input, 0, plan)) return error;
    if (const int error = connect(plan.stdout_write.get(), 1, plan)) return error;
    return connect(plan.stderr_write.get(), 2, plan);
}

int take_terminal() noexcept {
    // 0: not one that another session has.
    return ioctl(0, TIOCSCTTY, 0) < 0 ? errno : 0;
}

int place_kept(const LaunchPlan& plan, int& socket) noexcept {
    int highest = 2;
    for (const KeptDescriptor& kept : plan.kept)
        if (kept.number > highest) highest = kept.number;
    if (socket <= highest) {
        const long moved = syscall(SYS_fcntl, socket, F_DUPFD_CLOEXEC, highest + 1);
        if (moved < 0) return errno;
        socket = static_cast<int>(moved);
    }
    for (const KeptDescriptor& kept : plan.kept)
        if (dup2(kept.source, kept.number) < 0) return errno;
    return 0;
}

void close_all_but_kept(const LaunchPlan& plan, int socket) noexcept {
    // Ascending, and all below the socket.
    int next = 3;
    const auto close_below = [&](int number) noexcept {
        if (number > next)
            syscall(SYS_close_range, static_cast<unsigned>(next), static_cast<unsigned>(number - 1),
                    0);
        next = number + 1;
    };
    for (const KeptDescriptor& kept : plan.kept) close_below(kept.number);
    close_below(socket);
    syscall(SYS_close_range, static_cast<unsigned>(next), ~0U, 0);
}

int check_working_directory() noexcept {
    // The kernel says "(unreachable)" in front of a directory outside the process's root. glibc's
    // getcwd would try to be clever about that; the system call tells.
    char path[4096];
    if (syscall(SYS_getcwd, path, sizeof path) < 0) return errno;
    return path[0] == '/' ? 0 : EXDEV;
}

}  // namespace skiff::runtime::init
