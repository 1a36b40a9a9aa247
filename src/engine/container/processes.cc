// SPDX-License-Identifier: Apache-2.0
#include "engine/container/processes.h"

#include <cerrno>
#include <cstdlib>
#include <map>
#include <optional>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/container/container_files.h"
#include "engine/container/exec_role.h"
#include "network/helper_role.h"
#include "runtime/cgroup/container_groups.h"

namespace skiff::engine {
namespace {

constexpr size_t stat_limit = 4096;
constexpr size_t command_line_limit = 4U << 20U;
constexpr size_t ps_output_limit = 64U << 20U;

/// Nothing of a process that has ended, before or while it was read.
std::optional<std::string> find_process_file(const std::string& path, size_t limit) {
    try {
        return find_file(AT_FDCWD, path, limit);
    } catch (const SystemError& error) {
        if (error.errno_value() != ESRCH) throw;
        return std::nullopt;
    }
}

/// Children by parent, of every process that /proc shows.
std::multimap<pid_t, pid_t> process_tree() {
    std::multimap<pid_t, pid_t> children;
    const Fd proc = open_at(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
    for (const std::string& name : list_directory(proc.get())) {
        const auto pid = parse_number<pid_t>(name);
        if (!pid) continue;
        const auto stat = find_process_file(fmt::format("/proc/{}/stat", *pid), stat_limit);
        // "PID (name, which may hold anything) STATE PARENT …"
        const size_t end = stat ? stat->rfind(')') : std::string::npos;
        if (end == std::string::npos || end + 4 > stat->size()) continue;
        const std::string_view rest = std::string_view(*stat).substr(end + 4);
        if (const auto parent = parse_number<pid_t>(rest.substr(0, rest.find(' '))))
            children.emplace(*parent, *pid);
    }
    return children;
}

/// By the first word of its command line.
bool is_role(pid_t pid, std::string_view name) {
    const auto words = find_process_file(fmt::format("/proc/{}/cmdline", pid), command_line_limit);
    return words && words->starts_with(std::string(name) + '\0');
}

void add_descendants(const std::multimap<pid_t, pid_t>& children, pid_t pid,
                     std::set<pid_t>& found) {
    const auto [first, last] = children.equal_range(pid);
    for (auto child = first; child != last; ++child)
        if (found.insert(child->second).second) add_descendants(children, child->second, found);
}

std::string find_ps() {
    const char* path = std::getenv("PATH");
    for (const std::string_view directory : split(path == nullptr ? "/usr/bin:/bin" : path, ':')) {
        std::string candidate = fmt::format("{}/ps", directory);
        if (directory.starts_with('/') && access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    throw Error(ErrorKind::unsupported,
                "'top' shows what ps(1) of this machine says of the container's processes, and "
                "there is no ps in $PATH (Debian's package is procps)");
}

[[noreturn]] void become_ps(const std::string& program, std::vector<std::string> words,
                            int output) {
    const Fd null = open_file("/dev/null", O_RDWR);
    words.insert(words.begin(), "ps");
    std::vector<char*> vector;
    for (std::string& word : words) vector.push_back(word.data());
    vector.push_back(nullptr);
    if (dup2(null.get(), STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0)
        execv(program.c_str(), vector.data());
    _exit(127);
}

}  // namespace

std::set<pid_t> container_processes(const Engine& engine, const std::string& name) {
    const ContainerFiles files = find_container(engine, name);
    const ContainerState state = files.current_state();
    if (state.status == ContainerStatus::restarting)
        throw Error(ErrorKind::conflict,
                    "Container {} is restarting, wait until the container is running", files.id());
    if (state.status != ContainerStatus::running)
        throw Error(ErrorKind::conflict, "Container {} is not running", files.id());
    // What has left the process tree is still in the group.
    const auto groups = runtime::ContainerGroups::open(state.cgroups, files.id());
    if (!groups.empty()) {
        const std::vector<pid_t> pids = groups.pids();
        return {pids.begin(), pids.end()};
    }
    const bool shares_pids = !has_own_pid_namespace(files.record().request.namespaces);
    const std::multimap<pid_t, pid_t> children = process_tree();
    std::set<pid_t> found;
    const auto [first, last] = children.equal_range(static_cast<pid_t>(state.monitor_pid));
    for (auto child = first; child != last; ++child) {
        const pid_t pid = child->second;
        if (is_role(pid, network::helper_program_name)) continue;
        // Orphans come to the monitor itself where the container has no PID 1 of its own.
        const bool ours = pid == state.pid || (shares_pids && !is_role(pid, exec_program_name));
        if (ours) found.insert(pid);
        add_descendants(children, pid, found);
    }
    return found;
}

std::string run_host_ps(const std::vector<std::string>& arguments) {
    const std::string program = find_ps();
    Pipe output = make_pipe();
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) become_ps(program, arguments, output.write.get());
    output.write.reset();
    std::string text = read_to_end(output.read.get(), ps_output_limit, "the output of ps");
    const ExitStatus status = cloned.child.wait();
    if (!status.ok())
        throw Error(ErrorKind::invalid, "ps {}: {}", join(arguments, " "),
                    trim(std::string_view(text).substr(0, text.find('\n'))));
    return text;
}

}  // namespace skiff::engine
