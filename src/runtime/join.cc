// SPDX-License-Identifier: Apache-2.0
#include "runtime/join.h"

#include <cerrno>

#include <poll.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "runtime/handshake_parent.h"

namespace skiff::runtime {

Launched join(LaunchPlan plan, const JoinTarget& target) {
    const ExecArrays arrays(plan);
    if (target.nested != nullptr) give_pipes(plan, *target.nested);
    SocketPair handshake = make_socket_pair(SOCK_SEQPACKET);
    // A pid namespace holds for children only, so a process in between joins, and leaves its child
    // to us. It is born in the container's group, and its child with it.
    CloneResult between = clone_process(0, plan.cgroup);
    if (between.in_child) {
        ::close(handshake.ours.get());
        init::enter_container(plan, arrays.vectors(), target.init_pidfd, handshake.theirs.get());
    }
    handshake.theirs.reset();
    Received first = receive_report(handshake.ours.get());
    Fd console;
    if (!first.ended && first.report.kind == ReportKind::console && plan.terminal) {
        console = std::move(first.console);
        first = receive_report(handshake.ours.get());
    }
    between.child.wait();
    if (first.ended) throw Error(ErrorKind::system, "the process for the container was killed");
    if (first.report.kind == ReportKind::failure) throw describe_failure(plan, first.report);
    if (first.report.kind != ReportKind::joined)
        throw Error(ErrorKind::system, "the process for the container spoke out of turn");
    Launched result{left_child(first.report), std::move(console)};
    // What ended the container has not met this process if it was made afterwards, and without a
    // pid namespace of its own nothing else would.
    if (pollfd ended{target.init_pidfd, POLLIN, 0}; poll(&ended, 1, 0) != 0)
        throw Error(ErrorKind::conflict, "the container has ended");
    write_all(handshake.ours.get(), "g", "the process for the container");
    await_program(handshake.ours.get(), plan, result);
    return result;
}

}  // namespace skiff::runtime
