// SPDX-License-Identifier: Apache-2.0
#include "runtime/cgroup/container_groups.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <functional>
#include <optional>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/cgroup/group_files.h"

namespace skiff::runtime {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// For kernels that give no event.
constexpr milliseconds between_looks{2};
constexpr int deepest = 64;  ///< sub-groups that a container can have made; v2 itself ends at 2^31

/// Not here, or not for us: a tier with less, no failure.
bool is_refusal(int error) {
    return error == EACCES || error == EPERM || error == EROFS || error == ENOENT ||
           error == ENOTDIR;
}

/// The number behind `key` in lines of "key number"; nothing when there is no such line.
std::optional<std::uint64_t> find_value(std::string_view text, std::string_view key) {
    for (const std::string_view line : split(text, '\n')) {
        const Cut pair = cut(line, ' ');
        if (pair.found && pair.before == key) return parse_number<std::uint64_t>(trim(pair.after));
    }
    return std::nullopt;
}

/// A number of an open cgroup.events; reading through this descriptor is what arms its next
/// POLLPRI. 0 once the group was removed.
std::uint64_t read_event(int events, std::string_view key) {
    std::array<char, 256> text{};
    const ssize_t n = pread(events, text.data(), text.size(), 0);
    if (n <= 0) return 0;
    return find_value({text.data(), static_cast<size_t>(n)}, key).value_or(0);
}

/// Waits until `done`, looking again whenever `event` (POLLPRI; -1: no event) says so and every
/// few milliseconds where nothing says it. False after `patience`.
bool wait_until(const std::function<bool()>& done, int event, milliseconds patience) {
    const auto end = Clock::now() + patience;
    while (!done()) {
        const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
        if (left <= milliseconds(0)) return false;
        pollfd entry{event, POLLPRI, 0};
        const auto pause = event < 0 ? std::min(left, between_looks) : left;
        poll(&entry, 1, static_cast<int>(pause.count()));
    }
    return true;
}

/// Calls `act` with each sub-group's parent and name, deepest first.
void for_each_subgroup(int directory, const std::function<void(int, const std::string&)>& act,
                       int depth = 0) {
    if (depth == deepest) return;
    for (const std::string& name : list_directory(directory)) {
        // Everything else in a group is a file of the kernel's.
        const Fd below = find_at(directory, name, O_PATH | O_NOFOLLOW);
        struct stat status{};
        if (!below.valid() || fstat(below.get(), &status) < 0 || !S_ISDIR(status.st_mode)) continue;
        const Fd open = find_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (!open.valid()) continue;
        for_each_subgroup(open.get(), act, depth + 1);
        act(directory, name);
    }
}

void collect_pids(int directory, std::vector<pid_t>& pids) {
    const std::string text = read_text(directory, "cgroup.procs");
    for (const std::string_view line : split(text, '\n'))
        if (const auto pid = parse_number<pid_t>(line); pid && *pid > 0) pids.push_back(*pid);
}

std::vector<pid_t> all_pids(int directory) {
    std::vector<pid_t> pids;
    collect_pids(directory, pids);
    for_each_subgroup(directory, [&](int parent, const std::string& name) {
        const Fd group = find_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (group.valid()) collect_pids(group.get(), pids);
    });
    return pids;
}

/// SIGKILL to what is in the group now. The pidfd is opened before the second look: a number that
/// is listed again names either the process that we hold or one that is not signalled.
void kill_each(int directory) {
    std::vector<std::pair<pid_t, Fd>> held;
    for (const pid_t pid : all_pids(directory))
        held.emplace_back(pid, Fd(static_cast<int>(syscall(SYS_pidfd_open, pid, 0))));
    const std::vector<pid_t> still = all_pids(directory);
    for (const auto& [pid, pidfd] : held)
        if (pidfd.valid() && std::find(still.begin(), still.end(), pid) != still.end())
            syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

bool is_populated(int directory, bool unified) {
    if (!unified) return !all_pids(directory).empty();
    return find_value(read_text(directory, "cgroup.events"), "populated").value_or(0) != 0;
}

/// Removes `name` and what is below it; the errno value of the first refusal, or 0.
int remove_group(int parent, const std::string& name) {
    if (unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    int error = errno;
    const Fd group = find_at(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (!group.valid()) return errno == ENOENT ? 0 : error;
    for_each_subgroup(group.get(), [](int directory, const std::string& below) {
        unlinkat(directory, below.c_str(), AT_REMOVEDIR);
    });
    if (unlinkat(parent, name.c_str(), AT_REMOVEDIR) == 0 || errno == ENOENT) return 0;
    error = errno;
    return error;
}

Fd make_group(const ContainerGroup& group, std::string_view id,
              const std::vector<std::string_view>& controllers) {
    const Fd parent = open_parent(group, controllers);
    const std::string name = name_of(group.path);
    const auto make = [&] { return mkdirat(parent.get(), name.c_str(), 0755) == 0; };
    if (!make()) {
        // Of a life of this container that was killed. Its counters must begin anew as well.
        if (errno == EEXIST) clear_groups({group}, id);
        if (!make() && errno != EEXIST)
            throw SystemError(errno, "cannot make the control group '{}'", group.path);
    }
    Fd made = open_at(parent.get(), name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (group.hierarchy == "cpuset") inherit_cpuset(parent.get(), made.get());
    return made;
}

}  // namespace

ContainerGroups ContainerGroups::create(std::vector<ContainerGroup> wanted, std::string_view id,
                                        const std::vector<std::string_view>& controllers) {
    ContainerGroups result;
    for (ContainerGroup& group : wanted) {
        if (!belongs_to(group, id)) continue;
        // Controllers that are mounted together share a group.
        const auto same =
            std::find_if(result.groups_.begin(), result.groups_.end(),
                         [&](const Opened& opened) { return opened.group.path == group.path; });
        try {
            Fd directory = same != result.groups_.end() ? duplicate(same->directory.get())
                                                        : make_group(group, id, controllers);
            result.groups_.push_back({std::move(group), std::move(directory)});
        } catch (const SystemError& error) {
            if (!is_refusal(error.errno_value())) throw;
        }
    }
    return result;
}

void ContainerGroups::extend(std::vector<ContainerGroup> wanted, std::string_view id,
                             const std::vector<std::string_view>& controllers) {
    std::erase_if(wanted, [this](const ContainerGroup& group) {
        // What is mounted together with one of ours is that one; made again, it would be cleared.
        return std::any_of(groups_.begin(), groups_.end(), [&](const Opened& opened) {
            return opened.group.hierarchy == group.hierarchy || opened.group.path == group.path;
        });
    });
    for (const Opened& opened : groups_) {
        if (!opened.is_unified() || controllers.empty()) continue;
        try {
            open_parent(opened.group, controllers);
        } catch (const SystemError&) {
            // Said by who looks for the controller.
        }
    }
    ContainerGroups added = create(std::move(wanted), id);
    // Until none is left behind: one that was made meanwhile is in its parent's groups.
    std::vector<pid_t> moved;
    for (bool again = true; again && !added.groups_.empty();) {
        again = false;
        for (const pid_t pid : pids()) {
            if (std::find(moved.begin(), moved.end(), pid) != moved.end()) continue;
            again = true;
            moved.push_back(pid);
            for (const Opened& opened : added.groups_)
                if (!write_text(opened.directory.get(), "cgroup.procs", fmt::format("{}", pid)) &&
                    errno != ESRCH)
                    throw SystemError(errno, "cannot move a process into '{}'", opened.group.path);
        }
    }
    std::move(added.groups_.begin(), added.groups_.end(), std::back_inserter(groups_));
}

ContainerGroups ContainerGroups::open(std::vector<ContainerGroup> recorded, std::string_view id) {
    ContainerGroups result;
    for (ContainerGroup& group : recorded) {
        if (!belongs_to(group, id)) continue;
        Fd directory = find_at(AT_FDCWD, group.path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        if (!directory.valid() || !is_control_group(directory.get(), group.hierarchy == "unified"))
            continue;
        result.groups_.push_back({std::move(group), std::move(directory)});
    }
    return result;
}

std::vector<ContainerGroup> ContainerGroups::recorded() const {
    std::vector<ContainerGroup> list;
    for (const Opened& opened : groups_) list.push_back(opened.group);
    return list;
}

const ContainerGroups::Opened* ContainerGroups::find(std::string_view hierarchy) const {
    for (const Opened& opened : groups_)
        if (opened.group.hierarchy == hierarchy) return &opened;
    return nullptr;
}

const ContainerGroups::Opened* ContainerGroups::freezer() const {
    const Opened* unified_group = find("unified");
    return unified_group != nullptr ? unified_group : find("freezer");
}

int ContainerGroups::unified() const {
    const Opened* opened = find("unified");
    return opened == nullptr ? -1 : opened->directory.get();
}

std::vector<Fd> ContainerGroups::open_task_files() const {
    std::vector<Fd> files;
    for (const Opened& opened : groups_)
        if (!opened.is_unified())
            files.push_back(open_at(opened.directory.get(), "tasks", O_WRONLY | O_NOFOLLOW));
    return files;
}

bool ContainerGroups::can_freeze() const {
    return freezer() != nullptr;
}

bool ContainerGroups::is_frozen() const {
    const Opened* opened = freezer();
    if (opened == nullptr) return false;
    if (opened->is_unified())
        return find_value(read_text(opened->directory.get(), "cgroup.events"), "frozen")
                   .value_or(0) != 0;
    return trim(read_text(opened->directory.get(), "freezer.state")) == "FROZEN";
}

void ContainerGroups::freeze(milliseconds patience) const {
    const Opened* opened = freezer();
    if (opened == nullptr)
        throw Error(ErrorKind::unsupported, "there is no freezer for this container");
    const int directory = opened->directory.get();
    bool stands = false;
    if (opened->is_unified()) {
        if (!write_text(directory, "cgroup.freeze", "1"))
            throw SystemError(errno, "cannot freeze '{}'", opened->group.path);
        const Fd events = open_at(directory, "cgroup.events", O_RDONLY);
        stands = wait_until([&] { return read_event(events.get(), "frozen") != 0; }, events.get(),
                            patience);
    } else {
        // A process that was made while the kernel went through the list is still FREEZING until
        // asked again.
        stands = wait_until(
            [&] {
                if (!write_text(directory, "freezer.state", "FROZEN"))
                    throw SystemError(errno, "cannot freeze '{}'", opened->group.path);
                return is_frozen();
            },
            -1, patience);
    }
    if (stands) return;
    thaw();
    throw Error(ErrorKind::system, "some processes of the container cannot be stopped at present");
}

void ContainerGroups::thaw() const {
    const Opened* opened = freezer();
    if (opened == nullptr) return;
    const bool done = opened->is_unified()
                          ? write_text(opened->directory.get(), "cgroup.freeze", "0")
                          : write_text(opened->directory.get(), "freezer.state", "THAWED");
    if (!done) throw SystemError(errno, "cannot thaw '{}'", opened->group.path);
}

bool ContainerGroups::kill_all(milliseconds patience) const {
    if (groups_.empty()) return true;
    const Opened* opened = freezer();
    if (opened == nullptr) opened = &groups_.front();
    const int directory = opened->directory.get();
    // The kernel's own way is atomic: since Linux 5.14.
    if (opened->is_unified() && write_text(directory, "cgroup.kill", "1")) {
        const Fd events = find_at(directory, "cgroup.events", O_RDONLY);
        return wait_until([&] { return read_event(events.get(), "populated") == 0; }, events.get(),
                          patience);
    }
    // Round by round, since a process may make another while we go through the list. A v1 freezer
    // holds back even SIGKILL until it thaws, so nothing is frozen here.
    try {
        thaw();
    } catch (const SystemError&) {
        // Removed meanwhile: then it is empty.
    }
    return wait_until(
        [&] {
            kill_each(directory);
            return !is_populated(directory, opened->is_unified());
        },
        -1, patience);
}

std::vector<pid_t> ContainerGroups::pids() const {
    const Opened* opened = freezer();
    if (opened == nullptr && !groups_.empty()) opened = &groups_.front();
    return opened == nullptr ? std::vector<pid_t>{} : all_pids(opened->directory.get());
}

std::uint64_t ContainerGroups::oom_kills() const {
    if (const Opened* memory = find("memory"))
        return find_value(read_text(memory->directory.get(), "memory.oom_control"), "oom_kill")
            .value_or(0);
    if (const Opened* opened = find("unified"))
        return find_value(read_text(opened->directory.get(), "memory.events"), "oom_kill")
            .value_or(0);
    return 0;
}

ContainerGroups::OomEvent ContainerGroups::open_oom_event() const {
    if (const Opened* memory = find("memory")) {
        const Fd control = find_at(memory->directory.get(), "memory.oom_control", O_RDONLY);
        Fd event(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (control.valid() && event.valid() &&
            write_text(memory->directory.get(), "cgroup.event_control",
                       fmt::format("{} {}", event.get(), control.get())))
            return {std::move(event), POLLIN};
        return {};
    }
    const Opened* opened = find("unified");
    if (opened == nullptr) return {};
    // A file of the kernel's is always readable; a change since it was last read is POLLPRI.
    OomEvent event{find_at(opened->directory.get(), "memory.events", O_RDONLY), POLLPRI};
    if (event.fd.valid()) take_oom_event(event.fd.get());
    return event;
}

void ContainerGroups::take_oom_event(int fd) {
    std::array<char, 4096> text;
    lseek(fd, 0, SEEK_SET);  // not of an eventfd, which has no position
    [[maybe_unused]] const ssize_t n = read(fd, text.data(), text.size());
}

bool ContainerGroups::remove(milliseconds patience) {
    bool all = true;
    for (Opened& opened : groups_) {
        const Fd parent =
            find_at(AT_FDCWD, directory_of(opened.group.path), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
        opened.directory.reset();
        if (!parent.valid()) continue;
        // EBUSY while the last process is still dying.
        int error = 0;
        const bool gone = wait_until(
            [&] {
                error = remove_group(parent.get(), name_of(opened.group.path));
                return error != EBUSY;
            },
            -1, patience);
        all = all && gone && error == 0;
    }
    groups_.clear();
    return all;
}

Fd open_monitor_group(const GroupLocation& location) {
    if (location.monitor.empty()) return Fd();
    try {
        const Fd parent = open_parent({"unified", location.monitor}, {});
        return open_or_make_directory(parent.get(), name_of(location.monitor), 0755);
    } catch (const SystemError& error) {
        if (!is_refusal(error.errno_value())) throw;
        return Fd();
    }
}

bool clear_groups(const std::vector<ContainerGroup>& recorded, std::string_view id) {
    ContainerGroups groups = ContainerGroups::open(recorded, id);
    constexpr milliseconds patience{5000};
    const bool dead = groups.kill_all(patience);
    return groups.remove(patience) && dead;
}

}  // namespace skiff::runtime
