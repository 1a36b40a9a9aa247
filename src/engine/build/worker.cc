// SPDX-License-Identifier: Apache-2.0
#include "engine/build/worker.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <poll.h>
#include <unistd.h>

#include <sys/mman.h>

#include "base/cancellation.h"
#include "base/die_with.h"
#include "base/error.h"
#include "base/text.h"
#include "engine/store_namespace.h"

namespace skiff::engine {
namespace {

constexpr size_t max_result_size = 64U << 20U;
constexpr const char* result_name = "the result of a step";

[[noreturn]] void in_child(pid_t parent, const Engine& engine, BuildWorker::Place place, int result,
                           const std::function<std::string()>& act) {
    const auto tell = [&](const std::string& text) {
        [[maybe_unused]] const ssize_t n = ::write(result, text.data(), text.size());
    };
    try {
        die_with(parent);
        tell("\n" +
             (place == BuildWorker::Place::store ? run_with_own_mounts(engine, act) : act()));
        _exit(0);
    } catch (const Error& error) {
        tell(fmt::format("{}\n{}", to_string(error.kind()), error.message()));
    } catch (const std::exception& error) {
        tell(fmt::format("system\n{}", error.what()));
    }
    _exit(1);
}

}  // namespace

BuildWorker::BuildWorker(const Engine& engine, Place place, const std::function<std::string()>& act)
    : result_(memfd_create("skiff-step", MFD_CLOEXEC)) {
    if (!result_.valid()) throw SystemError(errno, "cannot make a file in memory");
    const pid_t parent = getpid();
    CloneResult cloned = clone_process(0);
    if (cloned.in_child) in_child(parent, engine, place, result_.get(), act);
    child_ = std::move(cloned.child);
}

std::string BuildWorker::finish() {
    child_.wait();
    if (lseek(result_.get(), 0, SEEK_SET) < 0)
        throw SystemError(errno, "cannot read a file in memory");
    const std::string text = read_to_end(result_.get(), max_result_size, result_name);
    const Cut parts = cut(text, '\n');
    if (!parts.found) throw Error(ErrorKind::system, "a process of the build was killed");
    if (!parts.before.empty()) throw Error(error_kind_from(parts.before), std::string(parts.after));
    return std::string(parts.after);
}

std::string BuildWorker::finish_unless_cancelled() {
    std::array<pollfd, 2> polls{{{fd(), POLLIN, 0}, {Cancellation::fd(), POLLIN, 0}}};
    while (polls[0].revents == 0) {
        if (poll(polls.data(), polls.size(), -1) < 0 && errno != EINTR)
            throw SystemError(errno, "cannot wait for a process");
        Cancellation::check();
    }
    return finish();
}

}  // namespace skiff::engine
