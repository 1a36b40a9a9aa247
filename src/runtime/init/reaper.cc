// SPDX-License-Identifier: Apache-2.0
// The tiny PID 1 of --init: forwards signals to the program and reaps whatever is left to it.
#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "runtime/init/steps.h"

namespace skiff::runtime::init {
namespace {

[[noreturn]] void serve(pid_t program, const sigset_t& all) noexcept {
    for (;;) {
        siginfo_t info;
        const int signal_number = sigwaitinfo(&all, &info);
        if (signal_number < 0) continue;
        if (signal_number != SIGCHLD) {
            // The terminal already delivers to its whole foreground group.
            if (info.si_code != SI_KERNEL) kill(program, signal_number);
            continue;
        }
        int status = 0;
        pid_t ended = 0;
        while ((ended = waitpid(-1, &status, WNOHANG)) > 0) {
            if (ended != program) continue;
            if (WIFEXITED(status)) _exit(WEXITSTATUS(status));
            _exit(128 + WTERMSIG(status));
        }
    }
}

}  // namespace

int stay_as_reaper(const LaunchPlan& plan, int socket) noexcept {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    if (sigprocmask(SIG_SETMASK, &all, &before) < 0) return errno;
    // Nothing of the monitor's may be open in us when the program begins to run: with the right
    // capability it could take it (pidfd_getfd). The change of credentials made us dumpable again.
    close_all_but_kept(plan, socket);
    prctl(PR_SET_DUMPABLE, 0);
    const pid_t reaper = getpid();
    const pid_t program = fork();
    if (program < 0) return errno;
    if (program == 0) {
        // A session of its own would lose the terminal; a process group in the foreground is what a
        // shell gives.
        sigprocmask(SIG_SETMASK, &before, nullptr);
        // Not inherited over fork. The reaper may have died before this took effect.
        if (plan.die_with_parent) {
            prctl(PR_SET_PDEATHSIG, SIGKILL);
            if (getppid() != reaper) _exit(125);
        }
        return 0;
    }
    // We stay without exec, so close-on-exec does nothing for us: close the handshake (its end of
    // file means that the program runs), the monitor's lock, all of it; and keep no stream open
    // that the program may close.
    syscall(SYS_close_range, 0, ~0U, 0);
    prctl(PR_SET_NAME, "init");
    constexpr char title[] = "init";
    char* const line = plan.command_line.data();
    for (size_t i = 0; i < plan.command_line.size(); ++i)
        line[i] = i < sizeof title ? title[i] : '\0';
    serve(program, all);
}

}  // namespace skiff::runtime::init
