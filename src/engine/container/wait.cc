// SPDX-License-Identifier: Apache-2.0
#include "engine/container/wait.h"

#include <array>
#include <cerrno>

#include <poll.h>
#include <unistd.h>

#include <sys/inotify.h>
#include <sys/stat.h>

#include "base/error.h"
#include "engine/container/lifecycle.h"
#include "monitor/client.h"

namespace skiff::engine {
namespace {

Fd watch_directory(int directory) {
    Fd watch(inotify_init1(IN_CLOEXEC));
    // state.json is replaced by a rename into it; its own rename is the removal.
    constexpr std::uint32_t events = IN_MOVED_TO | IN_MOVE_SELF | IN_DELETE_SELF | IN_ONLYDIR;
    const std::string path = fmt::format("/proc/self/fd/{}", directory);
    if (!watch.valid() || inotify_add_watch(watch.get(), path.c_str(), events) < 0)
        throw SystemError(errno, "cannot watch the container's record");
    return watch;
}

/// Of the program, for a container whose monitor cannot be reached.
void await_program(const ContainerState& state, const ContainerFiles& files) {
    const Fd pidfd = open_program(state);
    pollfd entry{pidfd.get(), POLLIN, 0};
    while (pidfd.valid() && poll(&entry, 1, -1) < 0 && errno == EINTR) {
    }
    files.wait_lock();  // given up with the monitor's last word
}

}  // namespace

ContainerWait::ContainerWait(const Engine& engine, const std::string& name, WaitCondition condition)
    : files_(find_container(engine, name)), condition_(condition) {
    if (condition != WaitCondition::not_running) watch_ = watch_directory(files_.directory());
    const ContainerRecord record = files_.record();
    before_ = files_.current_state();
    if (!is_active(before_.status)) return;
    connection_ = connect_to_monitor(record);
    // Attached to nothing: told of the end of this run, even if a policy begins another.
    if (connection_)
        monitor::send_frame(connection_->socket.get(), monitor::FrameType::attach,
                            monitor::encode(monitor::AttachFrame{}), {}, connection_->version);
}

int ContainerWait::wait() {
    switch (condition_) {
        case WaitCondition::not_running:
            return exit_of_run().value_or(before_.exit_code);
        case WaitCondition::next_exit:
            return await_next_exit();
        case WaitCondition::removed:
            return await_removal();
    }
    return 0;
}

/// Of the run that went on when we began; nothing when there was none.
std::optional<int> ContainerWait::exit_of_run() {
    if (!is_active(before_.status)) return std::nullopt;
    if (connection_) {
        try {
            return monitor::await_exit(connection_->socket.get());
        } catch (const Error&) {
            // It was killed, or could not be started once more: the state knows what that means,
            // once the program is dead as well, which the kernel sees to a moment later.
            await_program(before_, files_);
        }
    } else {
        await_program(before_, files_);
    }
    return files_.current_state().exit_code;
}

int ContainerWait::await_next_exit() {
    if (const auto code = exit_of_run()) return *code;
    for (;;) {
        if (is_removed())
            throw Error(ErrorKind::not_found, "container {} was removed before it ran again",
                        files_.id());
        const ContainerState state = files_.current_state();
        if (is_active(state.status)) {
            before_ = state;
            connection_ = connect_to_monitor(files_.record());
            return exit_of_run().value_or(0);
        }
        // A run that was over before we looked; or a start that failed.
        if (state.finished_at != before_.finished_at || state.exit_code != before_.exit_code)
            return state.exit_code;
        await_change();
    }
}

int ContainerWait::await_removal() {
    int code = exit_of_run().value_or(before_.exit_code);
    while (!is_removed()) {
        await_change();
        const ContainerState state = files_.stored_state();
        // Gone already while its directory is being deleted.
        if (state.status == ContainerStatus::exited) code = state.exit_code;
    }
    return code;
}

/// The directory is ours by its descriptor wherever it is moved; its place is then empty.
bool ContainerWait::is_removed() const {
    struct stat ours{};
    struct stat there{};
    if (fstat(files_.directory(), &ours) < 0)
        throw SystemError(errno, "cannot inspect the container's record");
    return stat(files_.path().c_str(), &there) < 0 || there.st_ino != ours.st_ino;
}

/// Everything that happened since the last call counts as one.
void ContainerWait::await_change() {
    std::array<char, 4096> events;
    if (read(watch_.get(), events.data(), events.size()) < 0 && errno != EINTR)
        throw SystemError(errno, "cannot wait for a change of the container's record");
}

}  // namespace skiff::engine
