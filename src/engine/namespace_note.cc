// SPDX-License-Identifier: Apache-2.0
#include "engine/namespace_note.h"

#include <array>
#include <ctime>
#include <string_view>

#include <fcntl.h>
#include <unistd.h>

#include <sys/syscall.h>

#include "base/error.h"
#include "base/file.h"
#include "base/process.h"
#include "base/text.h"
#include "engine/shared_namespace.h"

namespace skiff::engine {
namespace {

void pause_for(int milliseconds) {
    const timespec time{.tv_sec = 0, .tv_nsec = milliseconds * 1'000'000L};
    nanosleep(&time, nullptr);
}

/// "" for a process that is not there. All of one length, so that a line replaces a line.
std::string line_of(pid_t pid) {
    const unsigned long long start = process_start_time(pid);
    return start == 0 ? "" : fmt::format("{:>10} {:>20}\n", pid, start);
}

}  // namespace

NamespaceNote::NamespaceNote(const Engine& engine) {
    try {
        run_ = open_run_directory(engine);
        file_ = open_at(run_.get(), file_name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK, 0600);
    } catch (const Error&) {
        // No file that we can use, no room for one: the run directory itself is looked at by
        // others.
    }
}

std::optional<Fd> NamespaceNote::find(const runtime::IdMaps& maps) const {
    std::array<char, 64> line;
    const ssize_t size = pread(file_.get(), line.data(), line.size(), 0);
    if (size <= 0) return std::nullopt;
    const std::string_view text(line.data(), static_cast<size_t>(size));
    const Cut words = cut(trim(cut(text, '\n').before), ' ');
    const auto pid = parse_number<pid_t>(words.before);
    const auto start = parse_number<unsigned long long>(trim(words.after));
    if (!pid || !start || *pid <= 0) return std::nullopt;
    try {
        // The directory stays that process's: a number that somebody else has by now opens nothing.
        const Fd process = find_at(AT_FDCWD, fmt::format("/proc/{}", *pid), O_PATH | O_DIRECTORY);
        if (!process.valid() || process_start_time(*pid) != *start) return std::nullopt;
        Fd found = find_at(process.get(), "ns/user", O_RDONLY);
        if (found.valid() && may_join(found.get(), *pid, maps)) return found;
    } catch (const Error&) {
        // It ended, or is not for us to look at: there are other ways.
    }
    return std::nullopt;
}

/// fcntl(2) cannot wait for a limited time, so it is asked once a millisecond.
void NamespaceNote::lock() {
    if (!file_.valid()) return;
    for (int round = 0; round < 250; ++round) {
        try {
            if (auto lock = FileLock::attempt(run_.get(), file_name, LockMode::exclusive)) {
                lock_ = *std::move(lock);
                return;
            }
        } catch (const Error&) {
            return;  // no locks here
        }
        pause_for(1);
    }
}

void NamespaceNote::write(pid_t pid) {
    const std::string line = line_of(pid);
    // One write of what has one length: who reads meanwhile sees a line, or nothing that is one.
    if (!line.empty() && file_.valid()) [[maybe_unused]]
        const ssize_t n = pwrite(file_.get(), line.data(), line.size(), 0);
    release();
}

void NamespaceNote::release() {
    if (lock_.held()) lock_.unlock_copies();
}

bool NamespaceNote::names(const Engine& engine, pid_t pid) {
    const std::string line = line_of(pid);
    const Fd run = find_at(AT_FDCWD, engine.run_root(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
    if (line.empty() || !run.valid()) return false;
    const auto noted = find_regular_file(run.get(), file_name, 4096);
    return noted && noted->starts_with(line);
}

void lend_and_exit(const Engine& engine, int status) {
    // What descriptors hold is the caller's, or gone for everybody else: pipes, files that are
    // removed, ports. The numbers' owners are not run any more.
    syscall(SYS_close_range, 0, ~0U, 0);
    try {
        const pid_t self = own_host_pid();
        for (int round = 0; round < 6 && NamespaceNote::names(engine, self); ++round) pause_for(50);
    } catch (const Error&) {
        // No run directory any more, say.
    }
    _exit(status);
}

}  // namespace skiff::engine
