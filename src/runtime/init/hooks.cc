// SPDX-License-Identifier: Apache-2.0
// Programs of the host that prepare what a container has of a device: createContainer hooks. They
// see the host's tree, in which the container's root has a name, and end before it is left.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/init/steps.h"

namespace skiff::runtime::init {
namespace {

constexpr int milliseconds = 1000;

[[noreturn]] void execute_hook(const LaunchPlan& plan, const HookStep& hook,
                               const ExecVectors& vectors, int failure) noexcept {
    // What the last one read has moved the offset, which is one for all.
    if (lseek(plan.hook_state.get(), 0, SEEK_SET) == 0 && dup2(plan.hook_state.get(), 0) == 0 &&
        dup2(plan.hook_output.get(), 1) == 1 && dup2(plan.hook_output.get(), 2) == 2) {
        // With what somebody handed to init by number nothing shall happen here.
        setsid();
        execve(hook.path.c_str(), vectors.arguments, vectors.environment);
    }
    const int error = errno;
    // Shorter than PIPE_BUF, and nobody else writes.
    if (write(failure, &error, sizeof error) != sizeof error) _exit(126);
    _exit(125);
}

/// 0 when it ended in time.
int await_end(pid_t hook, unsigned timeout, int& status) noexcept {
    int result = 0;
    if (timeout != 0) {
        const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, hook, 0));
        if (pidfd < 0) return errno;
        pollfd ended{pidfd, POLLIN, 0};
        int ready = 0;
        do ready = poll(&ended, 1, static_cast<int>(timeout) * milliseconds);
        while (ready < 0 && errno == EINTR);
        ::close(pidfd);
        if (ready == 0) {
            kill(hook, SIGKILL);
            result = ETIMEDOUT;
        }
    }
    while (waitpid(hook, &status, 0) < 0)
        if (errno != EINTR) return errno;
    return result;
}

int run_one(const LaunchPlan& plan, const HookStep& hook, const ExecVectors& vectors,
            Position& at) noexcept {
    at.step = Step::hook_program;
    int failure[2];
    if (syscall(SYS_pipe2, failure, O_CLOEXEC) < 0) return errno;
    const pid_t child = fork();
    if (child < 0) return errno;
    if (child == 0) execute_hook(plan, hook, vectors, failure[1]);
    ::close(failure[1]);
    int error = 0;
    const ssize_t got = read(failure[0], &error, sizeof error);
    ::close(failure[0]);
    int status = 0;
    const int waiting = await_end(child, hook.timeout, status);
    if (got == sizeof error) return error;
    if (waiting != 0) {
        at.step = Step::hook_timeout;
        return waiting;
    }
    at.step = Step::hook;
    return status;
}

}  // namespace

int run_hooks(const LaunchPlan& plan, const ExecVectors& vectors, Position& at) noexcept {
    for (unsigned i = 0; i < plan.hooks.size(); ++i) {
        at.index = i;
        if (const int error = run_one(plan, plan.hooks[i], vectors.hooks[i], at)) return error;
    }
    return 0;
}

}  // namespace skiff::runtime::init
