// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <unistd.h>

#include <linux/sched.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff {

Child& Child::operator=(Child&& other) noexcept {
    if (this != &other) {
        Child old(std::move(*this));
        pid_ = std::exchange(other.pid_, -1);
        pidfd_ = std::move(other.pidfd_);
    }
    return *this;
}

Child::~Child() {
    if (pid_ <= 0) return;
    kill(SIGKILL);
    siginfo_t info;
    while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) < 0 && errno == EINTR) {
    }
}

ExitStatus Child::wait() {
    siginfo_t info{};
    while (waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) < 0)
        if (errno != EINTR) throw SystemError(errno, "cannot wait for process {}", pid_);
    pid_ = -1;
    pidfd_.reset();
    if (info.si_code == CLD_EXITED) return {info.si_status, 0};
    return {0, info.si_status};
}

bool Child::kill(int signal) {
    return syscall(SYS_pidfd_send_signal, pidfd_.get(), signal, nullptr, 0) == 0;
}

CloneResult clone_process(unsigned long long flags, int cgroup) {
    int pidfd = -1;
    clone_args args{};
    args.flags = flags | CLONE_PIDFD;
    if (cgroup >= 0) {
        args.flags |= CLONE_INTO_CGROUP;
        args.cgroup = static_cast<std::uint64_t>(cgroup);
    }
    args.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
    args.exit_signal = SIGCHLD;
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) throw SystemError(errno, "cannot start a process");
    if (pid == 0) return {true, {}};
    return {false, Child(static_cast<pid_t>(pid), Fd(pidfd))};
}

Helper Helper::start(const std::string& program, std::span<const std::string> arguments) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::array<char*, 2> environment{
        const_cast<char*>("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        nullptr};
    const Fd null = open_file("/dev/null", O_RDWR);
    Pipe errors = make_pipe();

    // posix_spawn shares our memory with the child until its exec: a fork would copy the page
    // tables and then fault on every page that either side writes (0.5 ms of a start for the two
    // helpers of an id map). None of these calls can fail but for lack of memory.
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    if (posix_spawn_file_actions_init(&actions) != 0 || posix_spawnattr_init(&attributes) != 0)
        throw SystemError(ENOMEM, "cannot execute '{}'", program);
    posix_spawn_file_actions_adddup2(&actions, null.get(), 0);
    posix_spawn_file_actions_adddup2(&actions, null.get(), 1);
    posix_spawn_file_actions_adddup2(&actions, errors.write.get(), 2);
    sigset_t none;
    sigset_t pipe_only;
    sigemptyset(&none);
    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    posix_spawnattr_setsigmask(&attributes, &none);
    posix_spawnattr_setsigdefault(&attributes, &pipe_only);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
    pid_t pid = -1;
    const int failure =
        posix_spawn(&pid, program.c_str(), &actions, &attributes, argv.data(), environment.data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0) throw SystemError(failure, "cannot execute '{}'", program);
    // Not reaped yet, so the number is still this process's.
    Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0)));
    return Helper(Child(pid, std::move(pidfd)), std::move(errors.read));
}

HelperResult Helper::finish() {
    std::string text;
    std::array<char, 4096> block;
    // Read all, keep the first 4 KiB: the helper must not block on a full pipe.
    while (const size_t n = read_full(errors_.get(), block, "a helper's errors"))
        if (text.size() < block.size()) text.append(block.data(), n);
    HelperResult result;
    result.status = child_.wait();
    for (const std::string_view line : split(text, '\n'))
        if (!trim(line).empty()) result.errors = trim(line);
    return result;
}

pid_t host_pid_of(const Child& child) {
    const std::string info =
        find_file(AT_FDCWD, fmt::format("/proc/self/fdinfo/{}", child.pidfd()), 4096).value_or("");
    for (const std::string_view line : split(info, '\n'))
        if (line.starts_with("Pid:")) return parse_number<pid_t>(trim(line.substr(4))).value_or(0);
    return 0;
}

pid_t own_host_pid() {
    return parse_number<pid_t>(find_link(AT_FDCWD, "/proc/self").value_or("")).value_or(0);
}

std::string boot_id() {
    return std::string(trim(read_file("/proc/sys/kernel/random/boot_id", 128)));
}

unsigned long long process_start_time(pid_t pid) {
    try {
        return start_time_in(
            find_file(AT_FDCWD, fmt::format("/proc/{}/stat", pid), 4096).value_or(""));
    } catch (const SystemError& error) {
        if (error.errno_value() != ESRCH) throw;
        return 0;  // it ended between open and read
    }
}

unsigned long long start_time_in(std::string_view stat) {
    // The second field is the command in parentheses and may itself hold blanks and parentheses.
    const size_t end = stat.find_last_of(')');
    if (end == std::string_view::npos || end + 2 > stat.size()) return 0;
    const auto fields = split(stat.substr(end + 2), ' ');
    constexpr size_t start_time = 22 - 3;  // fields after the command begin with number 3
    if (fields.size() <= start_time) return 0;
    return parse_number<unsigned long long>(fields[start_time]).value_or(0);
}

}  // namespace skiff
