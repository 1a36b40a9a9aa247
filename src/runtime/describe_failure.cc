// SPDX-License-Identifier: Apache-2.0
// Words for init's 8-byte failure reports.
#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include <sys/stat.h>
#include <sys/wait.h>

#include "base/text.h"
#include "runtime/launch.h"

namespace skiff::runtime {
namespace {

template <typename T>
const T* at(const std::vector<T>& list, unsigned index) {
    return index < list.size() ? &list[index] : nullptr;
}

/// As it is typed: a '/' there is a '.' in the name, and the other way round.
std::string sysctl_name(std::string path) {
    for (char& c : path) c = c == '/' ? '.' : c == '.' ? '/' : c;
    return path;
}

Error describe_exec(const LaunchPlan& plan, int error) {
    const std::string command = plan.arguments.empty() ? "" : quoted(plan.arguments[0]);
    const bool in_path = plan.executables.size() != 1 || plan.executables[0] != plan.arguments[0];
    switch (error) {
        case ENOENT:
        case ENOTDIR:
            if (in_path)
                return Error(ErrorKind::command_missing,
                             "exec: {}: executable file not found in $PATH", command);
            return Error(ErrorKind::command_missing,
                         "exec: {}: no such file or directory (or its interpreter is missing)",
                         command);
        case EACCES:
            return Error(ErrorKind::cannot_execute, "exec: {}: permission denied", command);
        case ENOEXEC:
            return Error(
                ErrorKind::cannot_execute,
                "exec: {}: exec format error (another architecture, or a script without '#!')",
                command);
        default:
            return Error(ErrorKind::cannot_execute, "exec: {}: {}", command, errno_text(error));
    }
}

Error describe_mount(const MountStep* step, int error, bool target) {
    if (step == nullptr) return SystemError(error, "cannot mount");
    if (target)
        return SystemError(error, "cannot open or make the mount target '{}' in the container",
                           printable(step->target));
    // move_mount(2) says EINVAL since Linux 6.15; nothing else of a tree of our own is wrong to it.
    if ((error == ENOTDIR || error == EINVAL) && step->kind == MountStep::Kind::attach)
        return Error(ErrorKind::invalid,
                     "cannot mount '{}' on '{}': one is a directory and the other is not (check "
                     "that both are of the same type)",
                     step->source, printable(step->target));
    if (step->type == "proc" && error == EPERM)
        return Error(ErrorKind::unsupported,
                     "the kernel refuses a new /proc here, since the one outside is partly covered "
                     "(skiff itself runs in a container?); "
                     "give that container an uncovered /proc (docker: --security-opt "
                     "systempaths=unconfined)");
    return SystemError(error, "cannot mount {} '{}' on '{}'",
                       step->type.empty() ? "bind" : step->type, step->source,
                       printable(step->target));
}

/// Statuses as podman and Docker have them: what is not there is 127, what cannot be used is 126.
Error describe_directory(const LaunchPlan& plan, int error) {
    const auto refuse = [&](ErrorKind kind, std::string_view why) {
        return Error(kind, "cannot enter the working directory: chdir to cwd ({}): {}",
                     quoted(plan.working_directory), why);
    };
    switch (error) {
        case ENOENT:
            return refuse(ErrorKind::command_missing,
                          "no such file or directory (exec makes none)");
        case ENOTDIR:
            return refuse(ErrorKind::cannot_execute, "not a directory");
        case EACCES:
            return refuse(ErrorKind::cannot_execute, "permission denied");
        default:
            return refuse(ErrorKind::system, errno_text(error));
    }
}

/// What the hooks wrote last, for people.
std::string last_output(const LaunchPlan& plan) {
    constexpr off_t most = 2000;
    struct stat status{};
    if (!plan.hook_output.valid() || fstat(plan.hook_output.get(), &status) < 0) return "";
    const off_t begin = std::max<off_t>(0, status.st_size - most);
    std::string text(static_cast<size_t>(status.st_size - begin), '\0');
    const ssize_t got = pread(plan.hook_output.get(), text.data(), text.size(), begin);
    text.resize(static_cast<size_t>(std::max<ssize_t>(0, got)));
    const std::string_view said = trim(text);
    return said.empty() ? "" : fmt::format(": {}", printable(said));
}

Error describe_hook(const LaunchPlan& plan, const Report& report) {
    const HookStep* hook = at(plan.hooks, report.index);
    const std::string name =
        fmt::format("the createContainer hook '{}'", hook == nullptr ? "" : hook->path);
    const int status = report.errno_value;
    if (report.step == Step::hook_program) return SystemError(status, "cannot execute {}", name);
    if (report.step == Step::hook_timeout)
        return Error(ErrorKind::system, "{} took longer than its {} s{}", name,
                     hook == nullptr ? 0 : hook->timeout, last_output(plan));
    if (WIFSIGNALED(status))
        return Error(ErrorKind::system, "{} was killed by signal {}{}", name, WTERMSIG(status),
                     last_output(plan));
    return Error(ErrorKind::system, "{} failed with status {}{}", name, WEXITSTATUS(status),
                 last_output(plan));
}

}  // namespace

Error describe_failure(const LaunchPlan& plan, const Report& report) {
    const int error = report.errno_value;
    const auto indexed = [&](const std::vector<std::string>& list) {
        const std::string* text = at(list, report.index);
        return text == nullptr ? std::string() : printable(*text);
    };
    switch (report.step) {
        case Step::exec:
            return describe_exec(plan, error);
        case Step::mount_target:
            return describe_mount(at(plan.mounts, report.index), error, true);
        case Step::mount:
            return describe_mount(at(plan.mounts, report.index), error, false);
        case Step::attach_root:
            return SystemError(error, "cannot attach the container's root file system");
        case Step::propagation:
            return SystemError(error, "cannot separate the container's mounts from the host's");
        case Step::dev:
            return SystemError(error, "cannot open the container's /dev");
        case Step::device: {
            const DeviceStep* device = at(plan.devices, report.index);
            return SystemError(error, "cannot make the device '/dev/{}' in the container",
                               device == nullptr ? "" : device->name);
        }
        case Step::link: {
            const LinkStep* link = at(plan.links, report.index);
            return SystemError(error, "cannot make the link '/dev/{}' in the container",
                               link == nullptr ? "" : link->name);
        }
        case Step::console:
            return SystemError(error, "cannot make the container's terminal");
        case Step::mask:
            return SystemError(error, "cannot mask '{}' in the container",
                               indexed(plan.masked_paths));
        case Step::read_only_path:
            return SystemError(error, "cannot make '{}' read-only in the container",
                               indexed(plan.read_only_paths));
        case Step::pivot:
            return SystemError(error, "cannot change to the container's root file system");
        case Step::working_directory:
            return SystemError(error, "cannot enter the working directory '{}' of the container",
                               printable(plan.working_directory));
        case Step::existing_directory:
            return describe_directory(plan, error);
        case Step::read_only_root:
            return SystemError(error, "cannot make the container's root file system read-only");
        case Step::hostname:
            return SystemError(error, "cannot set the host name '{}'", printable(plan.hostname));
        case Step::loopback:
            return SystemError(error, "cannot bring up the container's loopback device");
        case Step::sysctl: {
            const SysctlStep* sysctl = at(plan.sysctls, report.index);
            if (sysctl == nullptr || sysctl->path.empty())
                return SystemError(error, "cannot set the domain name");
            if (error == ENOENT)
                return Error(ErrorKind::invalid,
                             "the sysctl '{}' is not there: the kernel has none of this name, or "
                             "not in a namespace",
                             sysctl_name(sysctl->path));
            return SystemError(error, "cannot set the sysctl '{}' to '{}'",
                               sysctl_name(sysctl->path), printable(sysctl->value));
        }
        case Step::apparmor:
            if (error == ENOENT)
                return Error(ErrorKind::invalid,
                             "the AppArmor profile '{}' is not loaded (apparmor_parser(8) loads "
                             "one)",
                             plan.apparmor.substr(5));
            return SystemError(error, "cannot have the AppArmor profile '{}'",
                               plan.apparmor.substr(5));
        case Step::stdio:
            if (error == ENOENT)
                return Error(ErrorKind::invalid,
                             "the container has no /dev/null for its standard input: what is "
                             "mounted on its /dev has none (-i gives it another input)");
            return SystemError(error, "cannot connect the container's standard streams");
        case Step::rlimit:
            return SystemError(error,
                               "cannot set a resource limit of the container (number {} of {})",
                               report.index + 1U, plan.rlimits.size());
        case Step::oom_score:
            return SystemError(error, "cannot set the OOM score of the container to {}",
                               plan.oom_score_adj);
        case Step::groups:
            return SystemError(error, "cannot set the container's supplementary groups");
        case Step::user:
            if (error == EINVAL)
                return Error(ErrorKind::invalid,
                             "the user {}:{} does not exist in the container's user namespace (ids "
                             "beyond the range in /etc/subuid and /etc/subgid)",
                             plan.uid, plan.gid);
            return SystemError(error, "cannot become the user {}:{}", plan.uid, plan.gid);
        case Step::capabilities:
            return SystemError(error, "cannot set the container's capabilities");
        case Step::seccomp:
            return SystemError(error,
                               "cannot load the container's seccomp filter ({} instructions)",
                               plan.seccomp.size());
        case Step::escape_check:
            return Error(ErrorKind::denied,
                         "the working directory '{}' is outside the container's root",
                         printable(plan.working_directory));
        case Step::reaper:
            return SystemError(error, "cannot start the container's init process");
        case Step::session:
            return SystemError(error, "cannot make a session for the container");
        case Step::cgroup:
            return SystemError(error, "cannot enter the container's control groups");
        case Step::handshake:
            return SystemError(error, "cannot speak with the container's init");
        case Step::join:
            if (const JoinStep* join = at(plan.joins, report.index)) {
                if (error == EPERM)
                    return Error(ErrorKind::unsupported,
                                 "cannot join '{}': it belongs to a container of another user "
                                 "namespace (one that was started first, or with a limit on "
                                 "processes); start both again",
                                 join->path);
                if (error == ENOMEM || error == EINVAL)
                    return Error(ErrorKind::conflict, "cannot join '{}': the container has ended",
                                 join->path);
                return SystemError(error, "cannot join '{}'", join->path);
            }
            return SystemError(error, "cannot enter the namespaces of the container");
        case Step::hook:
        case Step::hook_program:
        case Step::hook_timeout:
            return describe_hook(plan, report);
        case Step::none:
            break;
    }
    return SystemError(error, "cannot start the container (step {})",
                       static_cast<int>(report.step));
}

}  // namespace skiff::runtime
