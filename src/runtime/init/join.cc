// SPDX-License-Identifier: Apache-2.0
// A further process in a running container, from the monitor's side to exec; and a first process in
// namespaces of another container.
//
// All that it meets inside belongs to the container: every path is opened below the container's
// root by base/in_root, nothing of the host is left below our feet after setns(2).
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/in_root.h"
#include "runtime/init/init.h"
#include "runtime/init/steps.h"

namespace skiff::runtime::init {
namespace {

/// A child whose parent is ours, with the process number as our own pid namespace counts. clone(2),
/// since filters that look at its flags refuse clone3(2), whose flags they cannot see.
long clone_as_sibling(unsigned long long flags = 0) noexcept {
    return syscall(SYS_clone, CLONE_PARENT | flags, nullptr, nullptr, nullptr, nullptr);
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

/// In the container's pid namespace, where others may see and, with CAP_SYS_PTRACE, stop and read
/// us: by now we have nothing of the host, and nothing that the program will not have.
[[noreturn]] void become_program(const LaunchPlan& plan, const ExecVectors& vectors,
                                 int socket) noexcept {
    const auto step = [&](Step name, int error) noexcept {
        if (error != 0) fail(socket, {name, 0}, error);
    };
    if (plan.die_with_parent) prctl(PR_SET_PDEATHSIG, SIGKILL);
    step(Step::handshake, wait_for_go(socket));  // now the parent knows us
    if (setsid() < 0) fail(socket, {Step::session, 0}, errno);
    if (plan.terminal) step(Step::console, take_terminal());
    if (plan.reaper) step(Step::reaper, stay_as_reaper(plan, socket));
    umask(plan.umask);
    if (!send_report(socket, {ReportKind::ready, Step::none, 0, 0})) _exit(125);
    step(Step::exec, execute(plan, vectors));
    _exit(125);
}

}  // namespace

bool enters_pid_namespace(const LaunchPlan& plan) noexcept {
    for (const JoinStep& join : plan.joins)
        if (join.type == CLONE_NEWPID) return true;
    return false;
}

int enter_pid_namespace(const LaunchPlan& plan) noexcept {
    for (const JoinStep& join : plan.joins)
        if (join.type == CLONE_NEWPID && setns(join.fd.get(), CLONE_NEWPID) < 0) return errno;
    return 0;
}

void leave_to_child(const LaunchPlan& plan, const ExecVectors& vectors, int socket) noexcept {
    prctl(PR_SET_DUMPABLE, 0);  // the change of credentials has reset it
    close_all_but_kept(plan, socket);
    const long pid = clone_as_sibling();
    if (pid < 0) fail(socket, {Step::join, 0}, errno);
    if (pid == 0) become_program(plan, vectors, socket);
    send_report(socket, {ReportKind::joined, Step::none, 0, static_cast<int>(pid)});
    _exit(0);
}

void enter_joined(const LaunchPlan& plan, const ExecVectors& vectors, unsigned long long flags,
                  int socket) noexcept {
    prctl(PR_SET_DUMPABLE, 0);
    for (unsigned i = 0; i < plan.joins.size(); ++i)
        if (plan.joins[i].type != CLONE_NEWPID &&
            setns(plan.joins[i].fd.get(), plan.joins[i].type) < 0)
            fail(socket, {Step::join, i}, errno);
    if (enters_pid_namespace(plan)) {
        if (unshare(static_cast<int>(flags)) < 0) fail(socket, {Step::join, 0}, errno);
        if (!send_report(socket, {ReportKind::joined, Step::none, 0, 0})) _exit(125);
        enter(plan, vectors, socket);
    }
    const long pid = clone_as_sibling(flags);
    if (pid < 0) fail(socket, {Step::join, 0}, errno);
    if (pid == 0) enter(plan, vectors, socket);
    send_report(socket, {ReportKind::joined, Step::none, 0, static_cast<int>(pid)});
    _exit(0);
}

void enter_container(const LaunchPlan& plan, const ExecVectors& vectors, int init_pidfd,
                     int socket) noexcept {
    Position at;
    const auto step = [&](Step name, int error) noexcept {
        if (error != 0) fail(socket, {name, 0}, error);
    };
    const auto walk = [&](int error) noexcept {
        if (error != 0) fail(socket, at, error);
    };
    // Nothing of the host is inherited by the program, and nobody may open our file through us
    // (CVE-2019-5736, CVE-2024-21626).
    prctl(PR_SET_DUMPABLE, 0);
    step(Step::handshake, mark_close_on_exec());
    // Named by descriptors of the host's, so before its view is left.
    step(Step::cgroup, join_cgroups(plan));
    int apparmor = -1;
    if (!plan.apparmor.empty()) {
        apparmor = open_apparmor();
        if (apparmor < 0) fail(socket, {Step::apparmor, 0}, -apparmor);
    }
    // All at once, and in the kernel's order: the user namespace first. We stay in our own pid
    // namespace, where no process of the container sees us: whatever needs rights happens here.
    if (setns(init_pidfd, static_cast<int>(plan.clone_flags)) < 0)
        fail(socket, {Step::join, 0}, errno);
    if (plan.clone_flags & CLONE_NEWUSER) {
        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail(socket, {Step::user, 0}, errno);
        prctl(PR_SET_DUMPABLE, 0);  // a change of credentials resets it
    }
    step(Step::session, reset_session());
    int console = -1;
    if (plan.terminal) step(Step::console, open_console(plan, socket, console));
    step(Step::existing_directory, enter_existing_directory(plan));
    step(Step::stdio, connect_stdio(plan, console));
    walk(set_rlimits(plan, at));
    if (apparmor >= 0) step(Step::apparmor, set_apparmor(plan, apparmor));
    walk(take_identity(plan, at));
    step(Step::escape_check, check_working_directory());
    leave_to_child(plan, vectors, socket);
}

}  // namespace skiff::runtime::init
