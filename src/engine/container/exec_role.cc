// SPDX-License-Identifier: Apache-2.0
#include "engine/container/exec_role.h"

#include <cerrno>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "engine/container/container_files.h"
#include "engine/container/exec_preparation.h"
#include "engine/container/monitor_process.h"
#include "monitor/settle.h"
#include "monitor/supervisor.h"
#include "runtime/join.h"
#include "runtime/sealed_exec.h"

namespace skiff::engine {
namespace {

constexpr int client_fd = 3;
constexpr int request_fd = 4;
constexpr int init_fd = 5;

/// In the new process, before its exec: the three descriptors to their places, all else closed by
/// it.
void place_descriptors(int client, int request, int init_pidfd) {
    const Fd safe_client(fcntl(client, F_DUPFD_CLOEXEC, 10));
    const Fd safe_request(fcntl(request, F_DUPFD_CLOEXEC, 10));
    const Fd safe_init(fcntl(init_pidfd, F_DUPFD_CLOEXEC, 10));
    if (dup2(safe_client.get(), client_fd) < 0 || dup2(safe_request.get(), request_fd) < 0 ||
        dup2(safe_init.get(), init_fd) < 0 ||
        syscall(SYS_close_range, init_fd + 1, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) < 0)
        throw SystemError(errno, "cannot prepare the session's descriptors");
}

void become_quiet() {
    // Its copy enters the container: it must not be a way to our file (CVE-2019-5736).
    if (!runtime::runs_sealed())
        throw Error(ErrorKind::system, "the session does not run from a sealed file");
    prctl(PR_SET_DUMPABLE, 0);
    // Where no pid namespace does it (--pid=host).
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (setsid() < 0 && errno != EPERM) throw SystemError(errno, "cannot make a session");
    umask(0022);
    if (chdir("/") < 0) throw SystemError(errno, "cannot enter '/'");
    for (const int fd : {client_fd, request_fd, init_fd})
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
            throw SystemError(errno, "the session was started without its descriptors");
}

void serve(const Engine& engine, const ContainerFiles& files, monitor::Supervisor& supervisor,
           ExecRequest request, const Fd& init) {
    monitor::WindowSize size = supervisor.await_foreground();
    ExecPreparation preparation =
        prepare_exec(engine, files, std::move(request), init.get(), {size.rows, size.columns});
    if (supervisor.foreground_gone())
        throw Error(ErrorKind::system, "the command that started the session is gone");
    runtime::Launched launched = runtime::join(
        std::move(preparation.plan),
        {.init_pidfd = init.get(), .nested = preparation.nested ? &*preparation.nested : nullptr});
    preparation.io.pty_master = std::move(launched.pty_master);
    const pid_t host_pid = host_pid_of(launched.init);
    monitor::settle(std::string(exec_program_name));
    const ExitStatus status =
        supervisor.run(std::move(preparation.io), std::move(launched.init), host_pid);
    supervisor.report_exit(status.shell_code());
}

void run_session(const MonitorArguments& arguments) {
    become_quiet();
    const Fd init(init_fd);
    const Fd request_file(request_fd);
    // One document serves all checks of a container's health.
    if (lseek(request_fd, 0, SEEK_SET) < 0) throw SystemError(errno, "cannot read the request");
    const Engine engine({.root = arguments.root,
                         .run_root = arguments.run_root,
                         .config = {},
                         .cdi_directories = {},
                         .strict = arguments.strict});
    const ContainerFiles files(engine, arguments.id);
    ExecRequest request = parse_exec_request(
        read_to_end(request_file.get(), exec_request_limit, "the request of exec"));
    monitor::SupervisorOptions options;
    options.tty = request.tty;
    options.stdin_once = true;
    monitor::Supervisor supervisor(std::move(options));
    supervisor.add_client(Fd(client_fd));
    try {
        serve(engine, files, supervisor, std::move(request), init);
    } catch (const Error& error) {
        supervisor.report_failure(error);
    }
}

}  // namespace

pid_t start_exec_session(const MonitorArguments& arguments, int client, int request,
                         int init_pidfd) {
    CloneResult cloned = clone_process(0);
    if (!cloned.in_child) {
        const pid_t pid = cloned.child.pid();
        cloned.child.detach();
        return pid;
    }
    try {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
        place_descriptors(client, request, init_pidfd);
        runtime::exec_sealed_self(to_words(arguments, exec_program_name));
    } catch (const Error& error) {
        monitor::try_send_frame(client, monitor::FrameType::failed, monitor::encode(error));
    }
    _exit(125);
}

int exec_role(int argc, char** argv) {
    try {
        run_session(parse_monitor_arguments(argc, argv));
        return 0;
    } catch (const Error& error) {
        // Before there is a supervisor to say it.
        try {
            monitor::send_frame(client_fd, monitor::FrameType::failed, monitor::encode(error));
        } catch (const Error&) {
        }
        return 125;
    }
}

}  // namespace skiff::engine
