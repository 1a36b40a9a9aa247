// SPDX-License-Identifier: Apache-2.0
#include "engine/image/settle_images.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/process.h"
#include "storage/unsettled.h"

namespace skiff::engine {
namespace {

constexpr int store_fd = 3;
constexpr int niceness = 10;

/// The life of the process between: it ends at once, so that the settler is nobody's child who
/// might wait for it, or fail to. Does not return. System calls alone: the caller may have had
/// threads.
[[noreturn]] void become_settler(int program, int store, int null, char* const* arguments) {
    setsid();
    CloneResult cloned = clone_process(0);
    if (!cloned.in_child) {
        cloned.child.detach();
        _exit(0);
    }
    for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) signal(number, SIG_IGN);
    // Out of the way of what is to get numbers 0 to 3.
    const int safe_program = fcntl(program, F_DUPFD_CLOEXEC, 10);
    const int safe_store = fcntl(store, F_DUPFD_CLOEXEC, 10);
    const int safe_null = fcntl(null, F_DUPFD_CLOEXEC, 10);
    for (int number = 0; number < store_fd; ++number) dup2(safe_null, number);
    if (chdir("/") == 0 && dup2(safe_store, store_fd) == store_fd &&
        syscall(SYS_close_range, store_fd + 1, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) == 0) {
        char* const nothing[] = {nullptr};
        syscall(SYS_execveat, safe_program, "", arguments, nothing, AT_EMPTY_PATH);
    }
    _exit(125);
}

/// False where there is no process to be had.
bool start_settler(const storage::Store& store) {
    try {
        const Fd program = open_file("/proc/self/exe", O_PATH);
        const Fd null = open_file("/dev/null", O_RDWR);
        std::string name(settler_program_name);
        std::string root = store.root();
        const std::array<char*, 3> arguments{name.data(), root.data(), nullptr};
        CloneResult cloned = clone_process(0);
        if (cloned.in_child)
            become_settler(program.get(), store.fd(), null.get(), arguments.data());
        return cloned.child.wait().ok();
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

void settle_in_background(const Engine& engine, const storage::Store& store) {
    if (!storage::has_unsettled(store)) return;
    if (start_settler(store)) return;
    engine.phases().mark("no settler");
    storage::settle(store, store.fd());
}

void settle_images(const Engine& engine) {
    if (const auto store = storage::Store::find(engine.root()))
        storage::settle(*store, store->fd());
}

int settler_role(int argc, char** argv) {
    prctl(PR_SET_NAME, settler_program_name.data());
    setpriority(PRIO_PROCESS, 0, niceness);
    try {
        const Fd opened_before(store_fd);
        const auto store = argc == 2 ? storage::Store::find(argv[1]) : std::nullopt;
        if (store) storage::settle(*store, opened_before.get());
        return 0;
    } catch (const std::exception&) {
        // What could not be written is not in the store any more; nobody listens here.
        return 1;
    }
}

}  // namespace skiff::engine
