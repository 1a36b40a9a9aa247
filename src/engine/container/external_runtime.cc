// SPDX-License-Identifier: Apache-2.0
#include "engine/container/external_runtime.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <linux/mount.h>
#include <nlohmann/json.hpp>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/file.h"
#include "base/json.h"
#include "base/root_dir.h"
#include "base/text.h"
#include "runtime/host_devices.h"

namespace skiff::engine {
namespace {

constexpr const char* state_directory = "runtime";
constexpr const char* log_name = "runtime.log";
constexpr const char* pid_name = "pid";
constexpr const char* console_name = "console.sock";
constexpr size_t log_limit = 1U << 20U;
constexpr int largest_own_fd = 10;
/// What every runtime makes without being told.
constexpr std::array<std::string_view, 6> usual_devices{"null",   "zero",    "full",
                                                        "random", "urandom", "tty"};

/// The runtime's terminal comes over a socket with a name. Names of sockets are short (108 bytes)
/// and paths of containers are not, so it is bound by descriptor, and the runtime, which works in
/// the bundle, is told the bare name.
Fd listen_for_console(int bundle) {
    Fd listener(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!listener.valid()) throw SystemError(errno, "cannot make a socket for the terminal");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = fmt::format("/proc/self/fd/{}/{}", bundle, console_name);
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    if (bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0 ||
        listen(listener.get(), 1) < 0)
        throw SystemError(errno, "cannot listen for the container's terminal");
    return listener;
}

Fd receive_console(int listener) {
    // It was sent before the runtime ended, or never.
    if (fcntl(listener, F_SETFL, O_NONBLOCK) < 0)
        throw SystemError(errno, "cannot receive the container's terminal");
    Fd connection(accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    if (!connection.valid()) throw SystemError(errno, "the OCI runtime sent no terminal");
    ReceivedMessage message = receive_with_fds(connection.get(), 4096);
    if (message.fds.size() != 1)
        throw Error(ErrorKind::system, "the OCI runtime sent {} descriptors instead of a terminal",
                    message.fds.size());
    return std::move(message.fds[0]);
}

void reset_signals() {
    for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
}

void connect(int fd, int number) {
    if (dup2(fd, number) < 0)
        throw SystemError(errno, "cannot connect the OCI runtime with its streams");
}

std::string last_line(std::string_view text) {
    std::string_view last;
    for (const std::string_view line : split(text, '\n'))
        if (!trim(line).empty()) last = trim(line);
    return std::string(last);
}

/// The message of the log's last entry, which is a JSON document per line.
std::string last_message(const std::string& log) {
    const std::string line = last_line(log);
    if (line.empty()) return "";
    try {
        return parse_json(line, "the OCI runtime's log").at("msg").get<std::string>();
    } catch (const std::exception&) {
        return line;  // a runtime that does not know --log-format
    }
}

/// Docker's rule: 127 when the program is not there, 126 when it cannot be run.
ErrorKind kind_of(std::string_view message) {
    const auto says = [&](std::string_view words) {
        return message.find(words) != std::string_view::npos;
    };
    if (says("executable file not found") || says("executable file `")) {
        return ErrorKind::command_missing;
    }
    if (!says("exec: ") && !says("exec /")) return ErrorKind::system;
    if (says("no such file or directory")) return ErrorKind::command_missing;
    if (says("permission denied") || says("is a directory") || says("exec format error"))
        return ErrorKind::cannot_execute;
    return ErrorKind::system;
}

Child adopt(int bundle) {
    const std::string text = find_file(bundle, pid_name, 32).value_or("");
    const auto pid = parse_number<pid_t>(trim(text));
    if (!pid || *pid <= 0)
        throw Error(ErrorKind::system, "the OCI runtime did not tell the container's process id");
    Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
    if (!pidfd.valid()) throw SystemError(errno, "cannot watch the container's process {}", *pid);
    return {*pid, std::move(pidfd)};
}

}  // namespace

void add_device_mounts(const ContainerRecord& record, bool rootless, oci::RuntimeSpec& spec) {
    std::vector<std::string> names;
    if (!rootless) names.assign(usual_devices.begin(), usual_devices.end());
    if (record.request.security.privileged)
        for (runtime::DeviceStep& device : runtime::find_host_devices())
            if (std::ranges::find(usual_devices, device.name) == usual_devices.end())
                names.push_back(std::move(device.name));
    for (const std::string& name : names) {
        const std::string path = "/dev/" + name;
        const bool covered = std::ranges::any_of(spec.mounts, [&](const oci::SpecMount& mount) {
            return path == mount.destination || (mount.destination.starts_with("/dev/") &&
                                                 path.starts_with(mount.destination + "/"));
        });
        if (!covered)
            spec.mounts.push_back({path, "bind", path, {"bind", "rprivate", "nosuid", "noexec"}});
    }
}

ExternalRuntime::ExternalRuntime(const ContainerFiles& files, const ContainerRecord& record,
                                 bool rootless)
    : files_(files),
      record_(record),
      program_(record.request.runtime),
      bundle_(files.path() + "/bundle"),
      own_pid_namespace_(record.request.namespaces.pid != "host"),
      rootless_(rootless) {}

std::vector<std::string> ExternalRuntime::words(const char* command) const {
    return {program_,
            "--root",
            fmt::format("{}/{}", files_.path(), state_directory),
            "--log",
            fmt::format("{}/{}", files_.path(), log_name),
            "--log-format",
            "json",
            command};
}

ExitStatus ExternalRuntime::run(const std::vector<std::string>& words, const Streams& streams,
                                int root) const {
    Pipe failure = make_pipe();
    CloneResult cloned = clone_process(CLONE_NEWNS);
    if (cloned.in_child) {
        try {
            const std::string target = bundle_ + "/rootfs";
            if (root >= 0 && syscall(SYS_move_mount, root, "", AT_FDCWD, target.c_str(),
                                     MOVE_MOUNT_F_EMPTY_PATH) < 0)
                throw SystemError(errno, "cannot mount the container's root");
            // The host's procfs counts processes from outside of our pid namespace; a runtime
            // takes the numbers that it knows to it.
            if (own_pid_namespace_ &&
                mount("proc", "/proc", "proc", MS_NOSUID | MS_NOEXEC | MS_NODEV, nullptr) < 0)
                throw SystemError(errno, "cannot mount a procfs for the OCI runtime");
            const Fd null = open_file("/dev/null", O_RDWR);
            const auto place = [&](int fd) {
                const int high = fcntl(fd >= 0 ? fd : null.get(), F_DUPFD_CLOEXEC, largest_own_fd);
                if (high < 0) throw SystemError(errno, "cannot copy a descriptor");
                return high;
            };
            const std::array<int, 3> ends{place(streams.in), place(streams.out),
                                          place(streams.errors)};
            for (int number = 0; number < 3; ++number)
                connect(ends.at(static_cast<size_t>(number)), number);
            // Descriptors beyond would be the container's, too (CVE-2024-21626).
            if (syscall(SYS_close_range, 3, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) < 0)
                throw SystemError(errno, "cannot close descriptors");
            reset_signals();
            std::vector<char*> arguments;
            for (const std::string& word : words)
                arguments.push_back(const_cast<char*>(word.c_str()));
            arguments.push_back(nullptr);
            std::string path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
            const std::array<char*, 2> environment{path.data(), nullptr};
            execve(program_.c_str(), arguments.data(), environment.data());
            throw SystemError(errno, "cannot execute the OCI runtime '{}'", program_);
        } catch (const Error& error) {
            [[maybe_unused]] const ssize_t n =
                ::write(failure.write.get(), error.message().data(), error.message().size());
        }
        _exit(125);
    }
    failure.write.reset();
    const std::string text = read_to_end(failure.read.get(), 65536, "the OCI runtime's start");
    const ExitStatus status = cloned.child.wait();
    if (!text.empty()) throw Error(ErrorKind::system, std::string(text));
    return status;
}

void ExternalRuntime::report(const char* command, ExitStatus status) const {
    const std::string message =
        last_message(find_file(files_.directory(), log_name, log_limit).value_or(""));
    if (message.empty())
        throw Error(ErrorKind::system, "OCI runtime {} failed: '{}' ended with status {}", command,
                    program_, status.shell_code());
    throw Error(kind_of(message), "OCI runtime {} failed: {}", command, message);
}

runtime::Launched ExternalRuntime::launch(oci::RuntimeSpec spec, runtime::LaunchPlan plan,
                                          const runtime::LaunchHooks& hooks) {
    // What an earlier life of this container left is about processes that are gone.
    remove_tree(files_.directory(), "bundle");
    remove_tree(files_.directory(), state_directory);
    remove_tree(files_.directory(), log_name);
    const Fd bundle = open_or_make_directory(files_.directory(), "bundle", 0700);
    open_or_make_directory(bundle.get(), "rootfs", 0755);
    spec.root_path = bundle_ + "/rootfs";
    // The plan's are cut to what may be set here; a runtime would fail instead.
    for (size_t i = 0; i < plan.rlimits.size(); ++i) {
        spec.process.rlimits.at(i).soft = plan.rlimits[i].limit.rlim_cur;
        spec.process.rlimits.at(i).hard = plan.rlimits[i].limit.rlim_max;
    }
    add_device_mounts(record_, rootless_, spec);
    replace_file(bundle.get(), "config.json", to_text(oci::to_json(spec)), 0600, Durability::none);

    std::vector<std::string> create = words("create");
    for (const std::string& word :
         {std::string("--bundle"), bundle_, std::string("--pid-file"), bundle_ + "/" + pid_name})
        create.push_back(word);
    Fd listener;
    if (plan.terminal) {
        listener = listen_for_console(bundle.get());
        create.emplace_back("--console-socket");
        create.emplace_back(console_name);
    }
    create.push_back(files_.id());
    const Streams streams{plan.stdin_read.get(), plan.stdout_write.get(), plan.stderr_write.get()};
    const ExitStatus created = run(create, streams, plan.root.get());
    if (!created.ok()) report("create", created);
    runtime::Launched launched{adopt(bundle.get()), {}};
    if (plan.terminal) launched.pty_master = receive_console(listener.get());

    // Created and not started: the program waits for what the hooks do.
    if (hooks.cloned) hooks.cloned(launched.init);
    if (hooks.before_program) hooks.before_program();
    std::vector<std::string> start = words("start");
    start.push_back(files_.id());
    const ExitStatus started = run(start, {-1, -1, -1}, -1);
    if (!started.ok()) report("start", started);
    return launched;
}

void ExternalRuntime::remove() {
    std::vector<std::string> remove = words("delete");
    remove.emplace_back("--force");
    remove.push_back(files_.id());
    try {
        run(remove, {-1, -1, -1}, -1);
    } catch (const Error&) {
        // The container's end is to be told whatever became of its cgroups.
    }
}

}  // namespace skiff::engine
