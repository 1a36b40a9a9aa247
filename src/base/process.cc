// SPDX-License-Identifier: Apache-2.0
#include "base/process.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
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

CloneResult clone_process(unsigned long long flags) {
    int pidfd = -1;
    clone_args args{};
    args.flags = flags | CLONE_PIDFD;
    args.pidfd = reinterpret_cast<uintptr_t>(&pidfd);
    args.exit_signal = SIGCHLD;
    const long pid = syscall(SYS_clone3, &args, sizeof args);
    if (pid < 0) throw SystemError(errno, "cannot start a process");
    if (pid == 0) return {true, {}};
    return {false, Child(static_cast<pid_t>(pid), Fd(pidfd))};
}

Helper Helper::start(const std::string& program, std::span<const std::string> arguments) {
    // Everything the child needs is made before the fork.
    std::vector<char*> argv;
    for (const std::string& argument : arguments)
        argv.push_back(const_cast<char*>(argument.c_str()));
    argv.push_back(nullptr);
    std::array<char*, 2> environment{
        const_cast<char*>("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        nullptr};
    const Fd null = open_file("/dev/null", O_RDWR);
    Pipe errors = make_pipe();
    Pipe started = make_pipe();

    CloneResult cloned = clone_process(0);
    if (cloned.in_child) {
        sigset_t none;
        sigemptyset(&none);
        sigprocmask(SIG_SETMASK, &none, nullptr);
        signal(SIGPIPE, SIG_DFL);
        if (dup2(null.get(), 0) >= 0 && dup2(null.get(), 1) >= 0 &&
            dup2(errors.write.get(), 2) >= 0)
            execve(program.c_str(), argv.data(), environment.data());
        const int failure = errno;
        [[maybe_unused]] const ssize_t n = ::write(started.write.get(), &failure, sizeof failure);
        _exit(127);
    }
    started.write.reset();
    errors.write.reset();
    int failure = 0;
    if (read_full(started.read.get(), {reinterpret_cast<char*>(&failure), sizeof failure},
                  program) != 0) {
        cloned.child.wait();
        throw SystemError(failure, "cannot execute '{}'", program);
    }
    return Helper(std::move(cloned.child), std::move(errors.read));
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
    const auto text = find_file(AT_FDCWD, fmt::format("/proc/{}/stat", pid), 4096);
    if (!text) return 0;
    // The second field is the command in parentheses and may itself hold blanks and parentheses.
    const size_t end = text->find_last_of(')');
    if (end == std::string::npos) return 0;
    const auto fields = split(std::string_view(*text).substr(end + 2), ' ');
    constexpr size_t start_time = 22 - 3;  // fields after the command begin with number 3
    if (fields.size() <= start_time) return 0;
    return parse_number<unsigned long long>(fields[start_time]).value_or(0);
}

}  // namespace skiff
