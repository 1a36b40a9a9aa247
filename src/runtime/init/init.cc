// SPDX-License-Identifier: Apache-2.0
#include "runtime/init/init.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/in_root.h"
#include "runtime/init/steps.h"

namespace skiff::runtime::init {
namespace {

int enter_working_directory(const LaunchPlan& plan) noexcept {
    const int directory = in_root::open_target(plan.root.get(), plan.working_directory.c_str(),
                                               in_root::Target::directory);
    if (directory < 0) return -directory;
    const int result = fchdir(directory) < 0 ? errno : 0;
    ::close(directory);
    return result;
}

int set_hostname(const LaunchPlan& plan) noexcept {
    if (!plan.domainname.empty() &&
        setdomainname(plan.domainname.c_str(), plan.domainname.size()) < 0)
        return errno;
    if (plan.hostname.empty()) return 0;
    return sethostname(plan.hostname.c_str(), plan.hostname.size()) < 0 ? errno : 0;
}

}  // namespace

void enter(const LaunchPlan& plan, const ExecVectors& vectors, int socket) noexcept {
    Position at;
    const auto step = [&](Step name, int error) noexcept {
        if (error != 0) fail(socket, {name, 0}, error);
    };
    const auto walk = [&](int error) noexcept {
        if (error != 0) fail(socket, at, error);
    };

    // First of all: nothing of the host may survive exec, and nobody may trace us or read
    // /proc/PID/exe.
    prctl(PR_SET_DUMPABLE, 0);
    step(Step::handshake, mark_close_on_exec());
    step(Step::handshake, wait_for_go(socket));
    // After a nested user namespace got its maps: become its root, so that what is made below
    // belongs to it.
    if (plan.clone_flags & CLONE_NEWUSER) {
        if (setresgid(0, 0, 0) < 0 || setresuid(0, 0, 0) < 0) fail(socket, {Step::user, 0}, errno);
        prctl(PR_SET_DUMPABLE, 0);  // a change of credentials resets it
    }
    step(Step::session, reset_session());
    step(Step::oom_score, set_oom_score(plan));
    // v1 groups are entered here, and the namespace that shows them as "/" is made after that.
    // (With v2 alone clone3 did both.)
    if (!plan.cgroup_tasks.empty()) {
        step(Step::cgroup, join_cgroups(plan));
        if ((plan.clone_flags & CLONE_NEWCGROUP) != 0 && unshare(CLONE_NEWCGROUP) < 0)
            fail(socket, {Step::cgroup, 0}, errno);
    }

    // The tree, still with the host's root below our feet: /proc must be visible while a new procfs
    // is mounted, and what we open there is the host's, which no container can have prepared.
    step(Step::attach_root, attach_root(plan));
    const int null_device = open_null_device();
    if (null_device < 0) fail(socket, {Step::mask, 0}, -null_device);
    walk(mount_all(plan, at));
    if (plan.populate_dev) walk(populate_dev(plan, at));
    int console = -1;
    if (plan.terminal) step(Step::console, open_console(plan, socket, console));
    int sysctls = -1;
    if (!plan.sysctls.empty()) {
        sysctls = open_sysctls();
        if (sysctls < 0) fail(socket, {Step::sysctl, 0}, -sysctls);
    }
    int apparmor = -1;
    if (!plan.apparmor.empty()) {
        apparmor = open_apparmor();
        if (apparmor < 0) fail(socket, {Step::apparmor, 0}, -apparmor);
    }
    if (plan.waits_when_mounted) {
        if (!send_report(socket, {ReportKind::mounted, Step::none, 0, 0})) _exit(125);
        step(Step::handshake, wait_for_go(socket));
    }
    walk(run_hooks(plan, vectors, at));
    // Masks come after every mount that could cover them, before the host's root goes.
    walk(mask_paths(plan, null_device, at));
    step(Step::pivot, pivot(plan));
    // The working directory may have to be made, so the root closes after it.
    step(Step::working_directory, enter_working_directory(plan));
    if (plan.root_read_only) step(Step::read_only_root, make_root_read_only(plan));

    step(Step::hostname, set_hostname(plan));
    if (plan.bring_up_loopback) step(Step::loopback, bring_up_loopback());

    // Hooks have run, and their rights are needed for it.
    step(Step::join, enter_pid_namespace(plan));

    // Descriptors while we may still do everything.
    step(Step::stdio, connect_stdio(plan, console));
    const bool leaves_to_child = enters_pid_namespace(plan);
    // Whose session is led by the process that becomes the program.
    if (plan.terminal && !leaves_to_child) step(Step::console, take_terminal());
    // From here on nothing but the handshake is needed of all that is open.
    step(Step::stdio, place_kept(plan, socket));
    // The container's network is made by others, while all of the above was done here.
    if (plan.waits_before_program) step(Step::handshake, wait_for_go(socket));
    // Of interfaces, too, which are there by now; as root of the namespaces.
    if (sysctls >= 0) walk(set_sysctls(plan, sysctls, at));
    // For the exec to come, and inherited by the child of --init.
    if (apparmor >= 0) step(Step::apparmor, set_apparmor(plan, apparmor));
    // What is above opens files, for which a limit may leave no number; and to raise one takes a
    // right.
    walk(set_rlimits(plan, at));
    // PID 1 of --init drops its rights like the program it serves, so it splits off after that.
    walk(take_identity(plan, at));
    step(Step::escape_check, check_working_directory());
    if (leaves_to_child) leave_to_child(plan, vectors, socket);
    // Where no pid namespace of the monitor's does it (--pid=host): die with the monitor. A change
    // of credentials clears this, so it comes after the last one; a monitor that died before shows
    // as a closed socket below.
    if (plan.die_with_parent) prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (plan.reaper) step(Step::reaper, stay_as_reaper(plan, socket));

    // Not before: until here every file is made with the permissions that we say.
    umask(plan.umask);
    if (!send_report(socket, {ReportKind::ready, Step::none, 0, 0})) _exit(125);
    step(Step::exec, execute(plan, vectors));
    _exit(125);
}

}  // namespace skiff::runtime::init
