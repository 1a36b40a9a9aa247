// SPDX-License-Identifier: Apache-2.0
// A further process in a running container, from the monitor's side to exec.
//
// All that it meets inside belongs to the container: every path is opened below the container's
// root by base/in_root, nothing of the host is left below our feet after setns(2).
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <linux/sched.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/in_root.h"
#include "runtime/init/init.h"
#include "runtime/init/steps.h"

namespace skiff::runtime::init {
namespace {

/// A child whose parent is ours, with the process number as our own pid namespace counts.
long clone_as_sibling() noexcept {
    clone_args arguments{};
    // Its end is told to the parent as ours would be (exit_signal must be 0 here).
    arguments.flags = CLONE_PARENT;
    return syscall(SYS_clone3, &arguments, sizeof arguments);
}

/// Unlike for a first process, nothing is made: a directory that is not there is an error.
int enter_existing_directory(const LaunchPlan& plan) noexcept {
    const int directory =
        in_root::open(plan.root.get(), plan.working_directory.c_str(), O_PATH | O_DIRECTORY);
    if (directory < 0) return -directory;
    const int result = fchdir(directory) < 0 ? errno : 0;
    ::close(directory);
    return result;
}

[[noreturn]] void become_program(const LaunchPlan& plan, const ExecVectors& vectors,
                                 int socket) noexcept {
    Position at;
    const auto step = [&](Step name, int error) noexcept {
        if (error != 0) fail(socket, {name, 0}, error);
    };
    const auto walk = [&](int error) noexcept {
        if (error != 0) fail(socket, at, error);
    };
    // Now the parent knows us.
    step(Step::handshake, wait_for_go(socket));
    step(Step::session, reset_session());
    int console = -1;
    if (plan.terminal) step(Step::console, open_console(plan, socket, console));
    step(Step::working_directory, enter_existing_directory(plan));
    step(Step::stdio, connect_stdio(plan, console));
    walk(set_rlimits(plan, at));
    walk(take_identity(plan, at));
    if (plan.die_with_parent) prctl(PR_SET_PDEATHSIG, SIGKILL);
    step(Step::escape_check, check_working_directory());
    if (!send_report(socket, {ReportKind::ready, Step::none, 0, 0})) _exit(125);
    step(Step::exec, execute(plan, vectors));
    _exit(125);
}

}  // namespace

void enter_container(const LaunchPlan& plan, const ExecVectors& vectors, int init_pidfd,
                     int socket) noexcept {
    // Before the container's processes can see us: nobody inside may trace us or open our file, and
    // nothing of the host is inherited by the program (CVE-2019-5736, CVE-2024-21626).
    prctl(PR_SET_DUMPABLE, 0);
    if (const int error = mark_close_on_exec()) fail(socket, {Step::handshake, 0}, error);
    // Named by descriptors of the host's, so before its view is left.
    if (const int error = join_cgroups(plan)) fail(socket, {Step::cgroup, 0}, error);
    // All at once, and in the kernel's order: the user namespace first.
    if (setns(init_pidfd, static_cast<int>(plan.clone_flags)) < 0)
        fail(socket, {Step::join, 0}, errno);
    if (plan.clone_flags & CLONE_NEWUSER) {
        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail(socket, {Step::user, 0}, errno);
        prctl(PR_SET_DUMPABLE, 0);  // a change of credentials resets it
    }
    const long pid = clone_as_sibling();
    if (pid < 0) fail(socket, {Step::join, 0}, errno);
    if (pid == 0) become_program(plan, vectors, socket);
    send_report(socket, {ReportKind::joined, Step::none, 0, static_cast<int>(pid)});
    _exit(0);
}

}  // namespace skiff::runtime::init
