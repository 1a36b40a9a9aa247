// SPDX-License-Identifier: Apache-2.0
#include "engine/container/monitor_role.h"

#include <cerrno>

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/stat.h>

#include "base/error.h"
#include "engine/container/container_run.h"
#include "engine/container/monitor_process.h"
#include "engine/namespace_note.h"
#include "runtime/sealed_exec.h"

namespace skiff::engine {
namespace {

/// What must hold before anything of the container is touched.
void become_quiet() {
    // A process that will have a child in the container's namespaces must not be a way to our file
    // (CVE-2019-5736).
    if (!runtime::runs_sealed())
        throw Error(ErrorKind::system, "the monitor does not run from a sealed file");
    prctl(PR_SET_DUMPABLE, 0);
    // Orphans of containers that share the host's pid namespace come to us instead of to the host's
    // init.
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (setsid() < 0 && errno != EPERM) throw SystemError(errno, "cannot make a session");
    umask(0022);
    if (chdir("/") < 0) throw SystemError(errno, "cannot enter '/'");
    for (int fd = monitor_client_fd; fd < monitor_listener_fd; ++fd)
        if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
            throw SystemError(errno, "the monitor was started without its descriptors");
}

int supervise_container(const MonitorArguments& arguments) {
    const std::int64_t origin = arguments.timing ? monotonic_time() : 0;
    become_quiet();
    FileLock lock{Fd(monitor_lock_fd)};
    const Engine engine({.root = arguments.root,
                         .run_root = arguments.run_root,
                         .config = {},
                         .cdi_directories = {},
                         .strict = arguments.strict,
                         .timing = arguments.timing,
                         .timing_origin = origin});
    engine.phases().mark("monitor: set-up");
    int status = 0;
    bool lends = false;
    {
        ContainerRun container(arguments, engine, std::move(lock));
        status = container.run();
        lends = arguments.rootless && container.is_gone_for_good();
    }
    if (lends) lend_and_exit(engine, status);
    return status;
}

}  // namespace

int monitor_role(int argc, char** argv) {
    try {
        return supervise_container(parse_monitor_arguments(argc, argv));
    } catch (const Error& error) {
        // Before there is a supervisor to say it; afterwards the socket is closed and nobody hears.
        try {
            monitor::send_frame(monitor_client_fd, monitor::FrameType::failed,
                                monitor::encode(error));
        } catch (const Error&) {
        }
        return 125;
    }
}

}  // namespace skiff::engine
