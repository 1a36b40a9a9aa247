// SPDX-License-Identifier: Apache-2.0
#include "runtime/handshake_parent.h"

#include <cerrno>
#include <cstring>

#include <unistd.h>

#include <sys/syscall.h>

#include "base/error.h"

namespace skiff::runtime {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& texts) {
    std::vector<char*> list;
    list.reserve(texts.size() + 1);
    for (const std::string& text : texts) list.push_back(const_cast<char*>(text.c_str()));
    list.push_back(nullptr);
    return list;
}

[[noreturn]] void report_death(Child& init) {
    const ExitStatus status = init.wait();
    if (status.signal != 0)
        throw Error(ErrorKind::system,
                    "the container's init was killed by signal {} before it ran the program",
                    status.signal);
    throw Error(ErrorKind::system,
                "the container's init ended with status {} before it ran the program", status.code);
}

}  // namespace

ExecArrays::ExecArrays(const LaunchPlan& plan)
    : arguments_(pointers(plan.arguments)), environment_(pointers(plan.environment)) {
    for (const HookStep& hook : plan.hooks) {
        // Moved about, a vector keeps the place of what it holds.
        of_hooks_.push_back(pointers(hook.arguments));
        char* const* const arguments = of_hooks_.back().data();
        of_hooks_.push_back(pointers(hook.environment));
        hooks_.push_back({arguments, of_hooks_.back().data()});
    }
}

void give_pipes(const LaunchPlan& plan, const IdMaps& nested) {
    const auto owner = to_outside(nested.uids, plan.uid);
    if (!owner || !plan.own_streams) return;
    for (const Fd* end : {&plan.stdin_read, &plan.stdout_write, &plan.stderr_write})
        if (end->valid() && fchown(end->get(), *owner, static_cast<gid_t>(-1)) < 0)
            throw SystemError(errno, "cannot give a pipe to the container's user");
}

namespace {

/// Init that failed before it took our second go has reset the connection, which is what is heard
/// first; its report is behind that.
ReceivedMessage receive_message(int socket) {
    try {
        return receive_with_fds(socket, sizeof(Report) + 1);
    } catch (const SystemError& error) {
        if (error.errno_value() != ECONNRESET) throw;
    }
    return receive_with_fds(socket, sizeof(Report) + 1);
}

}  // namespace

Received receive_report(int socket) {
    ReceivedMessage message = receive_message(socket);
    Received received;
    received.ended = message.data.empty();
    if (received.ended) return received;
    if (message.data.size() != sizeof(Report))
        throw Error(ErrorKind::system, "the container's init sent {} bytes", message.data.size());
    std::memcpy(&received.report, message.data.data(), sizeof(Report));
    if (received.report.kind == ReportKind::console && message.fds.size() == 1)
        received.console = std::move(message.fds[0]);
    return received;
}

Child left_child(const Report& joined) {
    const pid_t pid = joined.errno_value;
    return {pid, Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)))};
}

void await_program(int socket, const LaunchPlan& plan, Launched& launched) {
    for (bool ready = false;;) {
        Received received = receive_report(socket);
        if (received.ended) {
            if (ready) return;
            report_death(launched.init);
        }
        switch (received.report.kind) {
            case ReportKind::ready:
                ready = true;
                break;
            case ReportKind::console:
                launched.pty_master = std::move(received.console);
                break;
            case ReportKind::failure:
                throw describe_failure(plan, received.report);
            case ReportKind::mounted:
            case ReportKind::joined:
                throw Error(ErrorKind::system, "the container's init spoke out of turn");
        }
    }
}

}  // namespace skiff::runtime
