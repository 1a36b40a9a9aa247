// SPDX-License-Identifier: Apache-2.0
#include "runtime/userns/user_namespace.h"

#include <cerrno>
#include <cstdio>
#include <exception>

#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/syscall.h>

#include "base/die_with.h"
#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "runtime/userns/map_writer.h"

namespace skiff::runtime {
namespace {

constexpr size_t max_report = 64 << 10;

/// What the child sends when `act` threw: "kind\nmessage".
std::string report_text(ErrorKind kind, std::string_view message) {
    return fmt::format("{}\n{}", to_string(kind), message.substr(0, max_report / 2));
}

int run_as_namespace_root(pid_t parent, const std::function<int()>& act,
                          const NamespaceSwitches& switches) {
    try {
        become_namespace_root();
    } catch (const SystemError& error) {
        throw explain_namespace_refusal(error.errno_value(), "becoming root of a user namespace",
                                        own_program_path(), switches);
    }
    die_with(parent);
    return act();
}

/// The child's life after the parent's go; returns its exit status.
int run_and_report(pid_t parent, const std::function<int()>& act, const NamespaceSwitches& switches,
                   Fd report) {
    std::string failure;
    int status = 0;
    try {
        status = run_as_namespace_root(parent, act, switches);
    } catch (const Error& error) {
        failure = report_text(error.kind(), error.message());
    } catch (const std::exception& error) {
        failure = report_text(ErrorKind::system, error.what());
    } catch (...) {
        failure = report_text(ErrorKind::system, "unknown exception");
    }
    std::fflush(nullptr);
    if (failure.empty()) return status;
    signal(SIGPIPE, SIG_IGN);
    [[maybe_unused]] const ssize_t sent = ::write(report.get(), failure.data(), failure.size());
    return 125;
}

}  // namespace

void become_namespace_root(Groups groups) {
    // By system call: glibc's wrappers signal every thread of its own bookkeeping, and there is
    // only one here.
    if (groups == Groups::drop && syscall(SYS_setgroups, 0, nullptr) != 0) {
        const int reason = errno;
        const auto allowed = find_file(AT_FDCWD, "/proc/self/setgroups", 64);
        if (reason != EPERM || !allowed || trim(*allowed) != "deny")
            throw SystemError(reason, "cannot drop the supplementary groups");
    }
    if (syscall(SYS_setresgid, 0, 0, 0) != 0)
        throw SystemError(errno, "cannot become group 0 of the user namespace");
    if (syscall(SYS_setresuid, 0, 0, 0) != 0)
        throw SystemError(errno, "cannot become user 0 of the user namespace");
}

Fd make_user_namespace(const IdMaps& maps) {
    const pid_t parent = getpid();
    CloneResult cloned = clone_process(CLONE_NEWUSER);
    if (cloned.in_child) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        while (getppid() == parent) pause();  // until its owner has seen its namespace
        _exit(0);
    }
    const pid_t pid = host_pid_of(cloned.child);
    write_id_maps(pid, maps);
    return open_file(fmt::format("/proc/{}/ns/user", pid), O_RDONLY);
}

void join_user_namespace(int namespace_fd, Groups groups) {
    if (setns(namespace_fd, CLONE_NEWUSER) != 0)
        throw SystemError(errno, "cannot join a user namespace");
    become_namespace_root(groups);
}

int run_in_user_namespace(const IdMaps& maps, const std::function<int()>& act,
                          const NamespaceSwitches& switches) {
    Pipe go = make_pipe();
    Pipe report = make_pipe();
    std::fflush(nullptr);  // what is buffered must not be printed by both
    const pid_t parent = getpid();

    CloneResult cloned;
    try {
        cloned = clone_process(CLONE_NEWUSER | CLONE_NEWNS);
    } catch (const SystemError& error) {
        throw explain_namespace_refusal(error.errno_value(), "making a user namespace",
                                        own_program_path(), switches);
    }
    if (cloned.in_child) {
        go.write.reset();
        report.read.reset();
        char byte = 0;
        // End of file: the parent could not write the maps, or is gone.
        if (::read(go.read.get(), &byte, 1) != 1) _exit(125);
        _exit(run_and_report(parent, act, switches, std::move(report.write)));
    }
    report.write.reset();

    write_id_maps(cloned.child.pid(), maps);
    // Our own read end is still open: a child that died meanwhile costs an error below, not a
    // SIGPIPE.
    write_all(go.write.get(), "g", "a pipe to the user namespace");
    go.read.reset();
    go.write.reset();

    const std::string text =
        read_to_end(report.read.get(), max_report, "the report of a user namespace");
    const ExitStatus status = cloned.child.wait();
    if (!text.empty()) {
        const Cut parts = cut(text, '\n');
        throw Error(error_kind_from(parts.before), std::string(parts.after));
    }
    if (status.signal == SIGPIPE)
        throw SystemError(EPIPE, "the process in the user namespace cannot write");
    if (status.signal != 0)
        throw Error(ErrorKind::system, "the process in the user namespace was killed by signal {}",
                    status.signal);
    return status.code;
}

}  // namespace skiff::runtime
