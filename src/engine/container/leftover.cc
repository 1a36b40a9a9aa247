// SPDX-License-Identifier: Apache-2.0
#include "engine/container/leftover.h"

#include <algorithm>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "engine/container/monitor_place.h"

namespace skiff::engine {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr std::size_t mounts_limit = 16U << 20U;
constexpr milliseconds patience{5000};

/// A line of mountinfo (proc_pid_mountinfo(5)) about the root directory, which is an overlay with
/// this container's writable layer. Ids are not made twice, so that names it for good.
bool is_root_of(std::string_view line, std::string_view id) {
    const std::vector<std::string_view> words = split(line, ' ');
    constexpr std::size_t mount_point = 4;
    if (words.size() <= mount_point || words[mount_point] != "/") return false;
    const std::string layer = fmt::format("/containers/{}/upper", id);
    const std::size_t options = line.find(" - overlay ");
    if (options == std::string_view::npos) return false;
    for (const std::string_view option : split(words.back(), ','))
        if (option.starts_with("upperdir=") && option.ends_with(layer)) return true;
    return false;
}

bool lives_in(pid_t pid, std::string_view id) {
    try {
        const std::string mounts =
            find_file(AT_FDCWD, fmt::format("/proc/{}/mountinfo", pid), mounts_limit).value_or("");
        const auto lines = split(mounts, '\n');
        return std::ranges::any_of(lines,
                                   [&](std::string_view line) { return is_root_of(line, id); });
    } catch (const SystemError&) {
        return false;  // it has ended, or is not ours to ask about
    }
}

struct Stray {
    pid_t pid;
    Fd pidfd;
};

/// The pidfd is opened before the look: it names what the look was at.
std::vector<Stray> find_strays(std::string_view id) {
    std::vector<Stray> strays;
    const Fd proc = open_at(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY);
    for (const std::string& name : list_directory(proc.get())) {
        const auto pid = parse_number<pid_t>(name);
        if (!pid || !lives_in(*pid, id)) continue;
        Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, *pid, 0)));
        if (pidfd.valid() && lives_in(*pid, id)) strays.push_back({*pid, std::move(pidfd)});
    }
    return strays;
}

}  // namespace

/// In rounds, since a process may make another while we go through the list.
void kill_strays(const std::string& id) {
    const auto end = Clock::now() + patience;
    for (;;) {
        const std::vector<Stray> strays = find_strays(id);
        if (strays.empty()) return;
        for (const Stray& stray : strays)
            syscall(SYS_pidfd_send_signal, stray.pidfd.get(), SIGKILL, nullptr, 0);
        for (const Stray& stray : strays) {
            const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
            pollfd entry{stray.pidfd.get(), POLLIN, 0};
            if (left <= milliseconds(0) || poll(&entry, 1, static_cast<int>(left.count())) == 0)
                throw Error(ErrorKind::in_use,
                            "process {} of the last run of container {} does not end (it waits "
                            "for a disk?), and it still uses the container's files",
                            stray.pid, id.substr(0, 12));
        }
    }
}

void end_leftovers(const Engine& engine, const std::string& id, const ContainerState& state,
                   const std::optional<ContainerRecord>& record) {
    clear_leftover_groups(engine, id, state);
    const bool in_groups = !state.cgroups.empty();
    if (!in_groups && (!record || !has_own_pid_namespace(record->request.namespaces)))
        kill_strays(id);
}

}  // namespace skiff::engine
