// SPDX-License-Identifier: Apache-2.0
// How the monitor and the container's first process speak until exec: one close-on-exec
// SOCK_SEQPACKET pair.
//
//   monitor                                   init (child of clone3)
//   ───────                                   ────
//   clone3 ─────────────────────────────────▶ waits
//   writes id maps (nested user namespace),
//   lends the namespaces to others
//   "go" (1 byte) ──────────────────────────▶ root, mounts, devices
//                    ◀───────────────── mounted  only if the parent has hooks to run
//   "mounted" (1 byte) ─────────────────────▶ its own hooks
//   waits for others (network) meanwhile
//   "program" (1 byte), then only ──────────▶ waits for it before it gives its rights away
//                    ◀── console + descriptor  the pty's master end, with a terminal only
//                                             pivot, identity, seccomp
//                    ◀────────────────── ready right before execve
//                    ◀─────────── end of file  execve succeeded: the program runs
//             or     ◀──────────────── failure any step: 8 bytes, then init exits
//
// A process that joins a running container (exec), and a first process in namespaces of another
// one, says `joined` first, from the process in between. In the pid namespace of another one that
// process goes on as init (pid 0 in its report), and says `joined` once more when only exec is left:
// the child that it then names waits for one more "go".
//
// End of file before `ready` means that init died. The child builds no text: the monitor still
// holds the plan and words the message from step, index and errno.
#pragma once

#include <cstdint>

namespace skiff::runtime {

enum class ReportKind : std::uint8_t {
    ready = 1,
    console,
    failure,
    mounted,  ///< the tree stands: the parent runs its hooks, and says "go"
    joined,   ///< `errno_value` is the pid of the process that will execute the program
};

/// Where init failed. `index` counts in the plan's list of that step.
enum class Step : std::uint8_t {
    none,
    handshake,
    cgroup,
    session,
    oom_score,
    propagation,
    attach_root,
    mount_target,
    mount,
    dev,
    device,
    link,
    console,
    mask,
    read_only_path,
    pivot,
    working_directory,
    existing_directory,  ///< of exec, which makes none
    read_only_root,
    hostname,
    loopback,
    sysctl,
    stdio,
    rlimit,
    groups,
    user,
    capabilities,
    seccomp,
    apparmor,
    escape_check,
    reaper,
    join,
    hook,          ///< it failed: `errno_value` is the status of wait(2)
    hook_program,  ///< it could not be started
    hook_timeout,
    exec,
};

struct Report {
    ReportKind kind = ReportKind::failure;
    Step step = Step::none;
    std::uint16_t index = 0;
    std::int32_t errno_value = 0;
};
static_assert(sizeof(Report) == 8);

}  // namespace skiff::runtime
