// SPDX-License-Identifier: Apache-2.0
#include "base/cancellation.h"

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <new>

#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/mman.h>

#include "base/error.h"

namespace skiff {
namespace {

/// What a signal handler may touch, and children forked meanwhile share with us: a signal may reach
/// only one of us.
struct Shared {
    std::atomic<int> signal{0};
};
static_assert(std::atomic<int>::is_always_lock_free);
Shared before_any;
std::atomic<Shared*> shared{&before_any};
std::atomic<int> event_fd{-1};
std::atomic<bool> stopped{false};

void wake_all() {
    const std::uint64_t one = 1;
    if (const int fd = event_fd.load(); fd >= 0) [[maybe_unused]]
        const ssize_t n = ::write(fd, &one, sizeof one);
}

void note_signal(int number) {
    const int saved = errno;
    int none = 0;
    shared.load()->signal.compare_exchange_strong(none, number);
    wake_all();
    errno = saved;
}

}  // namespace

Cancellation::Cancellation() : event_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
    if (!event_.valid()) throw SystemError(errno, "cannot make an event descriptor");
    if (shared == &before_any) {
        // Once for the process: 4 KiB that are never given back.
        void* page = mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                          MAP_SHARED | MAP_ANONYMOUS, -1, 0);
        if (page == MAP_FAILED) throw SystemError(errno, "cannot share memory");
        shared = new (page) Shared;
    }
    shared.load()->signal = 0;
    event_fd = event_.get();
    for (size_t i = 0; i < watched.size(); ++i) {
        struct sigaction action{};
        action.sa_handler = note_signal;
        action.sa_flags = SA_RESTART;
        sigaction(watched[i], nullptr, &before_[i]);
        if (before_[i].sa_handler != SIG_IGN) sigaction(watched[i], &action, nullptr);
    }
}

Cancellation::~Cancellation() {
    for (size_t i = 0; i < watched.size(); ++i) sigaction(watched[i], &before_[i], nullptr);
    event_fd = -1;
}

int Cancellation::signal() {
    return shared.load()->signal;
}

int Cancellation::fd() {
    return event_fd;
}

void Cancellation::check() {
    if (signal() != 0) throw Error(ErrorKind::system, "interrupted");
    if (stopped) throw Error(ErrorKind::system, "stopped");
}

void Cancellation::stop() {
    stopped = true;
    wake_all();
}

void Cancellation::resume() {
    stopped = false;
    std::uint64_t count = 0;
    // What a signal wrote must stay readable.
    if (const int fd = event_fd.load(); fd >= 0 && signal() == 0) [[maybe_unused]]
        const ssize_t n = ::read(fd, &count, sizeof count);
}

}  // namespace skiff
