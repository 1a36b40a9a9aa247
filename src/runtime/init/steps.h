// SPDX-License-Identifier: Apache-2.0
// The steps of init/init.cc. Each returns 0 or an errno value; those that walk a list of the plan
// also say where they stopped.
#pragma once

#include "runtime/handshake.h"
#include "runtime/init/init.h"
#include "runtime/plan/launch_plan.h"

namespace skiff::runtime::init {

/// Which step and which element of its list is at work, for the failure report.
struct Position {
    Step step = Step::none;
    unsigned index = 0;
};

// process_steps.cc
/// False when the monitor is gone.
bool send_report(int socket, const Report& report) noexcept;
[[noreturn]] void fail(int socket, Position at, int error) noexcept;
/// Everything but 0, 1, 2 is closed by execve, whatever a library or our parent left open
/// (CVE-2024-21626).
int mark_close_on_exec() noexcept;
int wait_for_go(int socket) noexcept;
int reset_session() noexcept;
int set_oom_score(const LaunchPlan& plan) noexcept;
/// A descriptor of the host's /proc/sys, checked to be procfs, for after the pivot: what it shows
/// depends on the namespaces of who looks. Negative: -errno.
int open_sysctls() noexcept;
int set_sysctls(const LaunchPlan& plan, int directory, Position& at) noexcept;
/// AppArmor's profile for what execve(2) starts; `file` is /proc/self/attr/apparmor/exec of the
/// host's procfs. The kernel sees to it that it is our own.
int open_apparmor() noexcept;
int set_apparmor(const LaunchPlan& plan, int file) noexcept;
/// Enters the plan's v1 groups (into the v2 group it was born).
int join_cgroups(const LaunchPlan& plan) noexcept;
/// Tries the candidates as execvp would, but reports why: a file that is there and cannot be
/// executed wins over "not found" (126 over 127).
int execute(const LaunchPlan& plan, const ExecVectors& vectors) noexcept;

// mounts.cc
int attach_root(const LaunchPlan& plan) noexcept;
int mount_all(const LaunchPlan& plan, Position& at) noexcept;
int mask_paths(const LaunchPlan& plan, int null_device, Position& at) noexcept;
int make_root_read_only(const LaunchPlan& plan) noexcept;
int pivot(const LaunchPlan& plan) noexcept;
/// The host's /dev/null, checked to be that device: the only source of file masks (CVE-2025-31133).
/// Negative: -errno.
int open_null_device() noexcept;

// hooks.cc
/// plan.hooks, one after the other, as what we are: root of the container's namespaces.
int run_hooks(const LaunchPlan& plan, const ExecVectors& vectors, Position& at) noexcept;

// devices.cc
int populate_dev(const LaunchPlan& plan, Position& at) noexcept;
/// Opens a pty in the container's own devpts, binds it to /dev/console, sends the master end over
/// `socket`. `console` receives the slave end.
int open_console(const LaunchPlan& plan, int socket, int& console) noexcept;

// identity.cc
int set_rlimits(const LaunchPlan& plan, Position& at) noexcept;
int take_identity(const LaunchPlan& plan, Position& at) noexcept;

// stdio.cc
int bring_up_loopback() noexcept;
int connect_stdio(const LaunchPlan& plan, int console) noexcept;
/// The terminal on stdin becomes that of our session, which has none.
int take_terminal() noexcept;
/// Gives the program's descriptors their numbers, for which the handshake's `socket` may have to
/// move.
int place_kept(const LaunchPlan& plan, int& socket) noexcept;
/// Closes everything but the streams, what is kept, and `socket`.
void close_all_but_kept(const LaunchPlan& plan, int socket) noexcept;
/// Fails unless the working directory is inside the container's root (CVE-2024-21626).
int check_working_directory() noexcept;

// join.cc
/// Of plan.joins. It holds for children only, so none may be made that has more than the program.
int enter_pid_namespace(const LaunchPlan& plan) noexcept;
/// The last step of a process that has joined namespaces: a child of our parent's executes the
/// program, in the pid namespace that was joined. Does not return.
[[noreturn]] void leave_to_child(const LaunchPlan& plan, const ExecVectors& vectors,
                                 int socket) noexcept;

// reaper.cc
/// Returns in the child, which goes on to exec; the caller itself stays behind as PID 1.
int stay_as_reaper(const LaunchPlan& plan, int socket) noexcept;

}  // namespace skiff::runtime::init
