// SPDX-License-Identifier: Apache-2.0
#include "engine/container/revive.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <sys/syscall.h>
#include <sys/wait.h>

#include "base/error.h"
#include "base/file_lock.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/container/restart_policy.h"
#include "engine/container/run.h"

namespace skiff::engine {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// For all of them together. What takes longer goes on without us.
constexpr milliseconds patience{1000};
constexpr std::size_t most_at_once = 8;
/// One write of so many bytes is not mixed with others' (PIPE_BUF).
constexpr std::size_t longest_report = 4000;
constexpr int report_fd = 3;

std::string failure_text(const std::string& id, std::string_view reason) {
    return fmt::format("container {} could not be started again: {}", id.substr(0, 12), reason);
}

/// Nobody holds its lock, which nearly always somebody does. Only asked: to take it, if for a
/// moment, would be in the way of others.
bool is_left_alone(const Engine& engine, const std::string& id) {
    const std::string directory = fmt::format("{}/containers/{}", engine.root(), id);
    if (is_locked(AT_FDCWD, directory + "/lock")) return false;
    if (find_at(AT_FDCWD, directory, O_PATH).valid()) return true;
    forget_wanted(engine, id);
    return false;
}

void start_again(const Engine& engine, const std::string& id) {
    try {
        start_container(engine, id, {});
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::in_use) return;  // somebody is at it
        // What fails today (a disk that is not there yet) may work later: the mark stays.
        mark_failed(engine, id, error.message());
        const std::string text = failure_text(id, error.message()).substr(0, longest_report) + '\n';
        [[maybe_unused]] const ssize_t n = write(report_fd, text.data(), text.size());
    }
}

/// Away from the command: its terminal, its directory, its streams (which a script may read to
/// their end), and whatever else it has open.
void leave_command(int report) {
    setsid();
    signal(SIGPIPE, SIG_IGN);  // nobody may be left to read the report
    const Fd safe_report(fcntl(report, F_DUPFD_CLOEXEC, 10));
    const Fd null = open_file("/dev/null", O_RDWR);
    for (int number = 0; number < 3; ++number) dup2(null.get(), number);
    if (chdir("/") < 0 || dup2(safe_report.get(), report_fd) < 0 ||
        fcntl(report_fd, F_SETFD, FD_CLOEXEC) < 0 ||
        syscall(SYS_close_range, report_fd + 1, ~0U, 0) < 0)
        _exit(125);
}

/// A process for each, so that one that does not come up keeps back nobody but itself.
void start_each(const Engine& engine, const std::vector<std::string>& ids) {
    std::size_t running = 0;
    for (const std::string& id : ids) {
        if (running == most_at_once && waitpid(-1, nullptr, 0) > 0) --running;
        CloneResult cloned = clone_process(0);
        if (cloned.in_child) {
            try {
                start_again(engine, id);
            } catch (const std::exception&) {
                // Not even the mark could be written: the next command tries again.
            }
            _exit(0);
        }
        cloned.child.detach();
        ++running;
    }
}

/// As if typed without options: --strict, --timing and the warnings are the caller's.
Engine plain_engine(const Engine& engine) {
    return Engine({.root = engine.root(),
                   .run_root = engine.run_root(),
                   .config = engine.config_path(),
                   .cdi_directories = {}});
}

/// Returns the end on which failures are told, one a line; it is closed when all have been tried.
Fd begin_to_start(const Engine& engine, const std::vector<std::string>& ids) {
    Pipe report = make_pipe();
    CloneResult between = clone_process(0);
    if (between.in_child) {
        try {
            leave_command(report.write.get());
            // A grandchild: what we would not wait for is not our zombie.
            CloneResult starter = clone_process(0);
            if (starter.in_child) start_each(plain_engine(engine), ids);
            starter.child.detach();
        } catch (const std::exception&) {
            // The next command tries again.
        }
        _exit(0);
    }
    between.child.wait();
    return std::move(report.read);
}

void tell_failures(const Engine& engine, int report) {
    const auto end = Clock::now() + patience;
    std::string text;
    for (;;) {
        const auto left = std::chrono::ceil<milliseconds>(end - Clock::now());
        pollfd entry{report, POLLIN, 0};
        const int ready =
            poll(&entry, 1, static_cast<int>(std::max(left, milliseconds(0)).count()));
        if (ready < 0 && errno == EINTR) continue;
        if (ready <= 0) break;
        std::array<char, longest_report> block;
        const ssize_t n = read(report, block.data(), block.size());
        if (n <= 0) break;
        text.append(block.data(), static_cast<std::size_t>(n));
    }
    for (const std::string_view line : split(text, '\n'))
        if (!line.empty()) engine.warn(std::string(line));
}

}  // namespace

void revive(const Engine& engine) {
    std::vector<std::string> ids;
    for (const std::string& id : marked_containers(engine)) {
        if (!is_left_alone(engine, id)) continue;
        const Wish wish = read_wish(engine, id);
        if (!wish.failure.empty())
            engine.warn(failure_text(id, wish.failure));
        else if (wish.wanted)
            ids.push_back(id);
    }
    if (!ids.empty()) tell_failures(engine, begin_to_start(engine, ids).get());
}

}  // namespace skiff::engine
