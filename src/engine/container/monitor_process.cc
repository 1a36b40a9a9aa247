// SPDX-License-Identifier: Apache-2.0
#include "engine/container/monitor_process.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <numeric>

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/container/log_options.h"
#include "engine/container/monitor_place.h"
#include "engine/container/namespace_sharing.h"
#include "engine/container/port_listeners.h"
#include "engine/namespace_note.h"
#include "engine/shared_namespace.h"
#include "runtime/sealed_exec.h"
#include "runtime/userns/map_writer.h"
#include "runtime/userns/namespace_refusal.h"
#include "runtime/userns/user_namespace.h"

namespace skiff::engine {
namespace {

constexpr std::string_view cgroups_word = "cgroups=";
constexpr std::string_view listeners_word = "listeners=";
constexpr std::string_view preserved_word = "preserved=";

/// 0, 1 and 2 to /dev/null (a kept stdout would hang `$(skiff run -d …)`) unless they are for the
/// program, the others to their places, signals to default.
void prepare_descriptors(int client, int lock, std::span<const int> passed, bool keep_streams) {
    // Away from the numbers that are about to be overwritten.
    const int away = monitor_listener_fd + static_cast<int>(passed.size());
    const Fd safe_client(fcntl(client, F_DUPFD_CLOEXEC, away));
    const Fd safe_lock(fcntl(lock, F_DUPFD_CLOEXEC, away));
    std::vector<Fd> safe;
    for (const int fd : passed) safe.emplace_back(fcntl(fd, F_DUPFD_CLOEXEC, away));
    const Fd null(fcntl(open_file("/dev/null", O_RDWR).get(), F_DUPFD_CLOEXEC, 10));
    for (int number = 0; number < 3 && !keep_streams; ++number)
        if (dup2(null.get(), number) < 0)
            throw SystemError(errno, "cannot prepare the monitor's descriptors");
    if (dup2(safe_client.get(), monitor_client_fd) < 0 ||
        dup2(safe_lock.get(), monitor_lock_fd) < 0)
        throw SystemError(errno, "cannot prepare the monitor's descriptors");
    for (int i = 0; i < away - monitor_listener_fd; ++i)
        if (dup2(safe[static_cast<size_t>(i)].get(), monitor_listener_fd + i) < 0)
            throw SystemError(errno, "cannot prepare the monitor's descriptors");
    if (syscall(SYS_close_range, away, ~0U, 4 /* CLOSE_RANGE_CLOEXEC */) < 0)
        throw SystemError(errno, "cannot prepare the monitor's descriptors");
}

/// In the new process: become the monitor. An error goes over the start pipe to the command.
[[noreturn]] void become_monitor(const MonitorArguments& arguments, int client, int lock) {
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    for (int number = 1; number < NSIG; ++number) signal(number, SIG_DFL);
    std::vector<int> passed = arguments.listeners;
    passed.insert(passed.end(), arguments.preserved.begin(), arguments.preserved.end());
    prepare_descriptors(client, lock, passed, arguments.keep_streams);
    runtime::exec_sealed_self(to_words(arguments));
}

void report_and_exit(int start_pipe, const Error& error) {
    const std::string text = fmt::format("{}\n{}", to_string(error.kind()), error.message());
    [[maybe_unused]] const ssize_t n = ::write(start_pipe, text.data(), text.size());
    _exit(125);
}

/// Runs `act` in this (new) process; what it throws travels to the parent.
template <typename Act>
[[noreturn]] void in_child(int start_pipe, Act act) {
    try {
        act();
    } catch (const Error& error) {
        report_and_exit(start_pipe, error);
    } catch (const std::exception& error) {
        report_and_exit(start_pipe,
                        Error(ErrorKind::system, "cannot start the monitor: {}", error.what()));
    }
    _exit(125);
}

/// "g", and the groups that became known after the clone.
void send_go(int socket, const std::string& groups) {
    write_all(socket, "g" + groups, "the monitor");
}

/// In the new process: ends with its parent.
MonitorArguments await_go(MonitorArguments arguments, int socket) {
    const ReceivedMessage go = receive_with_fds(socket, 65536);
    if (go.data.empty()) _exit(125);
    arguments.cgroups = go.data.substr(1);
    return arguments;
}

runtime::Groups groups_of(const ContainerRecord& record) {
    return keeps_groups(record.request) ? runtime::Groups::keep : runtime::Groups::drop;
}

/// End of file means that the new process got as far as its exec.
void wait_for_exec(Pipe start) {
    start.write.reset();
    const std::string text = read_to_end(start.read.get(), 65536, "the monitor's start");
    if (text.empty()) return;
    const Cut parts = cut(text, '\n');
    throw Error(error_kind_from(parts.before), std::string(parts.after));
}

/// The flags beside the user namespace. With the host's pid namespace the container's processes
/// cannot be below a pid namespace of ours: the monitor is then their subreaper.
unsigned long long monitor_namespaces(const ContainerRecord& record) {
    return CLONE_NEWNS | (has_own_pid_namespace(record.request.namespaces) ? CLONE_NEWPID : 0ULL);
}

std::vector<int> placed_listeners(const char* count) {
    std::vector<int> numbers(parse_number<size_t>(count).value_or(0));
    std::iota(numbers.begin(), numbers.end(), monitor_listener_fd);
    return numbers;
}

void start_as_root(const Engine& engine, const MonitorArguments& arguments,
                   const ContainerRecord& record, const MonitorPlace& place, int client, int lock) {
    Pipe start = make_pipe();
    CloneResult cloned = place.clone(monitor_namespaces(record));
    if (cloned.in_child)
        in_child(start.write.get(), [&] { become_monitor(arguments, client, lock); });
    cloned.child.detach();
    engine.phases().mark("clone the monitor");
    wait_for_exec(std::move(start));
    engine.phases().mark("execute the monitor");
}

void start_in_new_namespace(const Engine& engine, const MonitorArguments& arguments,
                            const ContainerRecord& record, const runtime::IdMaps& maps,
                            MonitorPlace& place, int client, int lock, NamespaceNote* note) {
    Pipe start = make_pipe();
    SocketPair go = make_socket_pair(SOCK_SEQPACKET);
    CloneResult cloned;
    std::optional<RaisedLimits> limits;
    if (note != nullptr) limits.emplace();
    try {
        cloned = place.clone(monitor_namespaces(record) | CLONE_NEWUSER);
    } catch (const SystemError& error) {
        throw runtime::explain_namespace_refusal(error.errno_value(), "making a user namespace",
                                                 runtime::own_program_path());
    }
    if (cloned.in_child) {
        in_child(start.write.get(), [&] {
            limits.reset();
            go.ours.reset();
            const MonitorArguments told = await_go(arguments, go.theirs.get());
            runtime::become_namespace_root(groups_of(record));
            become_monitor(told, client, lock);
        });
    }
    limits.reset();
    go.theirs.reset();
    engine.phases().mark("clone the monitor");
    // systemd works while the maps are written.
    if (place.waits()) place.request(cloned.child.pid());
    runtime::write_id_maps(cloned.child.pid(), maps);
    if (note != nullptr) note->write(cloned.child.pid());
    engine.phases().mark("write the id maps");
    send_go(go.ours.get(), place.settle());
    wait_for_exec(std::move(start));
    engine.phases().mark("execute the monitor");
    cloned.child.detach();
}

void start_in_shared_namespace(const Engine& engine, const MonitorArguments& arguments,
                               const ContainerRecord& record, int user_namespace,
                               MonitorPlace& place, int client, int lock, NamespaceNote* note) {
    Pipe start = make_pipe();
    SocketPair go = make_socket_pair(SOCK_SEQPACKET);
    // A pid namespace can be made only by somebody who is in the user namespace already, so one
    // process in between joins it.
    CloneResult between = place.clone(0);
    if (between.in_child) {
        in_child(start.write.get(), [&] {
            go.ours.reset();
            const MonitorArguments told = await_go(arguments, go.theirs.get());
            runtime::join_user_namespace(user_namespace, groups_of(record));
            CloneResult cloned = clone_process(monitor_namespaces(record));
            if (cloned.in_child)
                in_child(start.write.get(), [&] { become_monitor(told, client, lock); });
            write_all(go.theirs.get(), std::to_string(cloned.child.pid()), "the command");
            cloned.child.detach();
            _exit(0);
        });
    }
    go.theirs.reset();
    if (place.waits()) place.request(between.child.pid());
    send_go(go.ours.get(), place.settle());
    const std::string monitor = receive_with_fds(go.ours.get(), 32).data;
    between.child.wait();
    // The youngest is the likeliest to be there for the next.
    if (const auto pid = parse_number<pid_t>(monitor); pid && note != nullptr) note->write(*pid);
    engine.phases().mark("join and clone");
    wait_for_exec(std::move(start));
    engine.phases().mark("execute the monitor");
}

/// "preserved=3,4"
std::string list_word(std::string_view name, std::span<const int> numbers) {
    std::string word(name);
    for (const int number : numbers) {
        if (word.size() > name.size()) word += ',';
        word += std::to_string(number);
    }
    return word;
}

}  // namespace

bool has_process_limit(const ContainerRecord& record) {
    return std::ranges::any_of(record.request.ulimits,
                               [](const Ulimit& limit) { return limit.name == "nproc"; });
}

/// Of these, the first two reach what the kernel counts for the whole namespace (/proc/sys/user),
/// and the third whatever of another container's is in it.
bool has_rights_over_namespace(const std::vector<std::string>& added) {
    constexpr std::array<std::string_view, 4> rights{"ALL", "CAP_SYS_ADMIN", "CAP_SYS_RESOURCE",
                                                     "CAP_SYS_PTRACE"};
    return std::ranges::any_of(rights, [&](std::string_view right) {
        return std::ranges::find(added, right) != added.end();
    });
}

bool wants_own_namespace(const ContainerRecord& record) {
    const SecurityRequest& security = record.request.security;
    const bool may_write_limits = security.privileged || security.open_system_paths ||
                                  security.nested || !security.unmasked.empty() ||
                                  has_rights_over_namespace(security.cap_add);
    // Users' keyrings are the namespace's; the default profile alone keeps everybody from them.
    const bool may_have_keyrings = !security.seccomp.empty() && security.seccomp != "builtin";
    return may_write_limits || may_have_keyrings || has_process_limit(record);
}

std::vector<std::string> to_words(const MonitorArguments& arguments, std::string_view program) {
    std::vector<std::string> words{std::string(program), arguments.id, arguments.root,
                                   arguments.run_root};
    if (arguments.rootless) words.emplace_back("rootless");
    if (arguments.timing) words.emplace_back("timing");
    if (arguments.strict) words.emplace_back("strict");
    if (!arguments.listeners.empty())
        words.push_back(fmt::format("{}{}", listeners_word, arguments.listeners.size()));
    if (!arguments.preserved.empty())
        words.push_back(list_word(preserved_word, arguments.preserved));
    if (!arguments.cgroups.empty()) words.push_back(std::string(cgroups_word) + arguments.cgroups);
    return words;
}

MonitorArguments parse_monitor_arguments(int argc, char** argv) {
    MonitorArguments arguments;
    if (argc < 4) throw Error(ErrorKind::usage, "{} is started by skiff itself only", argv[0]);
    arguments.id = argv[1];
    arguments.root = argv[2];
    arguments.run_root = argv[3];
    for (int i = 4; i < argc; ++i) {
        arguments.rootless = arguments.rootless || std::string_view(argv[i]) == "rootless";
        arguments.timing = arguments.timing || std::string_view(argv[i]) == "timing";
        arguments.strict = arguments.strict || std::string_view(argv[i]) == "strict";
        if (std::string_view(argv[i]).starts_with(cgroups_word))
            arguments.cgroups = argv[i] + cgroups_word.size();
        if (std::string_view(argv[i]).starts_with(listeners_word))
            arguments.listeners = placed_listeners(argv[i] + listeners_word.size());
        if (std::string_view(argv[i]).starts_with(preserved_word))
            for (const std::string_view number : split(argv[i] + preserved_word.size(), ','))
                arguments.preserved.push_back(parse_number<int>(number).value_or(-1));
    }
    char* const end = argv[argc - 1] + std::strlen(argv[argc - 1]);
    arguments.command_line = {argv[0], end};
    std::fill(argv[2], end, '\0');
    return arguments;
}

Fd start_monitor(const Engine& engine, const ContainerRecord& record, FileLock lock) {
    // The monitor opens it again; looked at here, too, since a refusal has somebody to read it.
    open_run_directory(engine);
    MonitorPlace place(engine, record);
    MonitorArguments arguments;
    arguments.root = engine.root();
    arguments.run_root = engine.run_root();
    arguments.id = record.id;
    arguments.rootless = engine.rootless();
    arguments.timing = engine.options().timing;
    arguments.strict = engine.options().strict;
    arguments.keep_streams = record.request.log.driver == passthrough_log_driver;
    arguments.cgroups = place.groups();
    arguments.listeners = inherited_listeners(record);
    arguments.preserved = record.request.preserved_fds;
    SocketPair client = make_socket_pair(SOCK_SEQPACKET);
    const int theirs = client.theirs.get();
    if (!engine.rootless()) {
        start_as_root(engine, arguments, record, place, theirs, lock.fd());
        return std::move(client.ours);
    }
    const runtime::IdMaps maps = store_id_maps(engine);
    engine.phases().mark("id maps");
    if (const std::string other = joined_container(record); !other.empty()) {
        // All that it joins belongs to that user namespace, whatever it would have of its own.
        const Fd shared = user_namespace_of(engine, record, other);
        start_in_shared_namespace(engine, arguments, record, shared.get(), place, theirs, lock.fd(),
                                  nullptr);
        return std::move(client.ours);
    }
    std::optional<NamespaceNote> note;
    if (!wants_own_namespace(record)) {
        note.emplace(engine);
        auto shared = note->find(maps);
        if (!shared) shared = find_shared_namespace(engine, maps);
        if (!shared) {
            note->lock();
            shared = note->find(maps);  // made while we waited
        }
        if (shared) {
            note->release();
            start_in_shared_namespace(engine, arguments, record, shared->get(), place, theirs,
                                      lock.fd(), &*note);
            return std::move(client.ours);
        }
    }
    start_in_new_namespace(engine, arguments, record, maps, place, theirs, lock.fd(),
                           note ? &*note : nullptr);
    return std::move(client.ours);
}

}  // namespace skiff::engine
