// SPDX-License-Identifier: Apache-2.0
// Child processes: an owner with a pidfd, and one way to run a helper program.
#pragma once

#include <span>
#include <string>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"

namespace skiff {

struct ExitStatus {
    int code = 0;    ///< exit(code), valid when signal == 0
    int signal = 0;  ///< the killing signal, or 0
    bool ok() const { return code == 0 && signal == 0; }
    /// As a shell shows it: the code, or 128 + signal.
    int shell_code() const { return signal != 0 ? 128 + signal : code; }
};

/// Owns a child process. The destructor kills (SIGKILL) and reaps it, unless it was waited for or
/// detached.
class Child {
  public:
    Child() = default;
    Child(pid_t pid, Fd pidfd) : pid_(pid), pidfd_(std::move(pidfd)) {}
    Child(Child&& other) noexcept
        : pid_(std::exchange(other.pid_, -1)), pidfd_(std::move(other.pidfd_)) {}
    Child& operator=(Child&& other) noexcept;
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;
    ~Child();

    pid_t pid() const { return pid_; }
    /// Readable when the process has ended.
    int pidfd() const { return pidfd_.get(); }
    bool valid() const { return pid_ > 0; }
    /// Waits for the end and reaps.
    ExitStatus wait();
    /// Sends a signal through the pidfd; false when it has ended.
    bool kill(int signal);
    /// Gives up ownership: the process goes on (and is reaped by whoever inherits it).
    void detach() {
        pid_ = -1;
        pidfd_.reset();
    }

  private:
    pid_t pid_ = -1;
    Fd pidfd_;
};

/// clone3(2) with `flags` (CLONE_NEW…) and CLONE_PIDFD; returns an invalid Child in the child
/// process (pid 0), a valid one in the parent. The process must have one thread. `cgroup`: a v2
/// group's directory in which the child begins (CLONE_INTO_CGROUP). Throws SystemError.
struct CloneResult {
    bool in_child = false;
    Child child;
};
CloneResult clone_process(unsigned long long flags, int cgroup = -1);

struct HelperResult {
    ExitStatus status;
    std::string errors;  ///< the last non-empty line of its standard error, at most 4 KiB read
};
/// Runs a program to its end: stdin and stdout are /dev/null, environment as given ("K=V"; empty:
/// PATH only). `program` is a path; arguments[0] is passed as argv[0]. Throws SystemError when it
/// cannot be started.
class Helper {
  public:
    static Helper start(const std::string& program, std::span<const std::string> arguments);
    HelperResult finish();

  private:
    Helper(Child child, Fd errors) : child_(std::move(child)), errors_(std::move(errors)) {}
    Child child_;
    Fd errors_;
};

/// Process ids as the mounted procfs counts them, which in a pid namespace of our own is not what
/// clone(2) and getpid(2) say. 0 when procfs does not tell.
pid_t host_pid_of(const Child& child);
pid_t own_host_pid();

/// The value of /proc/sys/kernel/random/boot_id, without newline.
std::string boot_id();
/// Field 22 of /proc/PID/stat (clock ticks since boot): with the pid and the boot id it names a
/// process for good. 0 when there is no such process.
unsigned long long process_start_time(pid_t pid);
/// The same from the text of a /proc/PID/stat; 0 when it is none.
unsigned long long start_time_in(std::string_view stat);

}  // namespace skiff
