// SPDX-License-Identifier: Apache-2.0
#include "engine/namespace_note.h"

#include <array>
#include <ctime>
#include <string>

#include <fcntl.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr size_t line_limit = 64;

/// fcntl(2) cannot wait for a limited time, so it is asked once a millisecond.
FileLock patient_lock(int dir) {
    constexpr timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
    for (int round = 0; round < 250; ++round) {
        if (auto lock = FileLock::attempt(dir, NamespaceNote::file_name, LockMode::exclusive))
            return *std::move(lock);
        nanosleep(&pause, nullptr);
    }
    return {};
}

/// "" for a process that is not there.
std::string line_of(pid_t pid) {
    const unsigned long long start = process_start_time(pid);
    return start == 0 ? "" : fmt::format("{} {}\n", pid, start);
}

}  // namespace

NamespaceNote::NamespaceNote(const Engine& engine) {
    const Fd run = open_private_directory(engine.run_root());
    lock_ = patient_lock(run.get());
    if (!lock_.held()) file_ = find_at(run.get(), file_name, O_RDWR | O_NOFOLLOW);
}

std::optional<Fd> NamespaceNote::find(const runtime::IdMaps& maps) const {
    std::array<char, line_limit> line;
    const ssize_t size =
        pread(lock_.held() ? lock_.fd() : file_.get(), line.data(), line.size(), 0);
    if (size <= 0) return std::nullopt;
    const Cut words = cut({line.data(), static_cast<size_t>(size)}, ' ');
    const auto pid = parse_number<pid_t>(words.before);
    const auto start = parse_number<unsigned long long>(cut(words.after, '\n').before);
    if (!pid || !start || *pid <= 0) return std::nullopt;
    try {
        // The directory stays that process's: a number that somebody else has by now opens nothing.
        const Fd process = find_at(AT_FDCWD, fmt::format("/proc/{}", *pid), O_PATH | O_DIRECTORY);
        if (!process.valid() || process_start_time(*pid) != *start ||
            runtime::read_id_maps(*pid) != maps)
            return std::nullopt;
        Fd found = find_at(process.get(), "ns/user", O_RDONLY);
        return found.valid() ? std::optional(std::move(found)) : std::nullopt;
    } catch (const Error&) {
        return std::nullopt;  // it ended, or is not for us to look at: there are other ways
    }
}

void NamespaceNote::write(pid_t pid) {
    const std::string line = line_of(pid);
    // One write: who reads without the lock sees a line that names a living process, or none.
    const int file = lock_.held() ? lock_.fd() : file_.get();
    if (!line.empty() && pwrite(file, line.data(), line.size(), 0) > 0) [[maybe_unused]]
        const int cut = ftruncate(file, static_cast<off_t>(line.size()));
    release();
}

bool NamespaceNote::names(const Engine& engine, pid_t pid) {
    const std::string line = line_of(pid);
    const auto noted =
        find_file(AT_FDCWD, fmt::format("{}/{}", engine.run_root(), file_name), 4096);
    return !line.empty() && noted == line;
}

void NamespaceNote::release() {
    if (lock_.held()) file_ = lock_.unlock_copies();
}

}  // namespace skiff::engine
