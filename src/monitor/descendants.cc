// SPDX-License-Identifier: Apache-2.0
#include "monitor/descendants.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::monitor {
namespace {

constexpr std::size_t list_limit = 1U << 20U;

/// Of the one thread that our processes have.
std::vector<pid_t> children_of(pid_t pid) {
    std::vector<pid_t> children;
    try {
        const std::string text =
            find_file(AT_FDCWD, fmt::format("/proc/{0}/task/{0}/children", pid), list_limit)
                .value_or("");
        for (const std::string_view word : split(text, ' '))
            if (const auto child = parse_number<pid_t>(trim(word))) children.push_back(*child);
    } catch (const SystemError& error) {
        if (error.errno_value() != ESRCH) throw;  // it has ended meanwhile
    }
    return children;
}

/// The pidfd is opened before the second look: a number that is listed again names either the
/// process that we hold or one that is not signalled.
void kill_child_of(pid_t parent, pid_t child) {
    const Fd pidfd(static_cast<int>(syscall(SYS_pidfd_open, child, 0)));
    const std::vector<pid_t> still = children_of(parent);
    if (pidfd.valid() && std::find(still.begin(), still.end(), child) != still.end())
        syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
}

}  // namespace

bool kill_descendants(std::span<const pid_t> spared) {
    bool found = false;
    for (const pid_t child : children_of(getpid())) {
        if (std::find(spared.begin(), spared.end(), child) == spared.end()) {
            kill(child, SIGKILL);  // ours, so the number stays its own until we wait for it
            found = true;
            continue;
        }
        for (const pid_t below : children_of(child)) {
            kill_child_of(child, below);
            found = true;
        }
    }
    return found;
}

}  // namespace skiff::monitor
