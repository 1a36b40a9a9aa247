// SPDX-License-Identifier: Apache-2.0
#include "network/event_loop.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <sys/epoll.h>

#include "base/error.h"

namespace skiff::network {
namespace {

constexpr int events_per_turn = 64;

std::uint64_t event_key(int fd, std::uint32_t generation) {
    return static_cast<std::uint64_t>(generation) << 32U | static_cast<std::uint32_t>(fd);
}

}  // namespace

EventLoop::EventLoop() : epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_.valid()) throw SystemError(errno, "cannot make an event loop");
}

void EventLoop::add(int fd, std::uint32_t events, EventHandler& handler) {
    const auto index = static_cast<std::size_t>(fd);
    if (index >= watched_.size()) watched_.resize(index + 1);
    watched_[index] = {&handler, ++generation_};
    epoll_event event{events, {.u64 = event_key(fd, generation_)}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event) == 0) return;
    const int error = errno;
    watched_[index] = {};
    throw SystemError(error, "cannot wait for events of a descriptor");
}

void EventLoop::change(int fd, std::uint32_t events) {
    const Watched& watched = watched_.at(static_cast<std::size_t>(fd));
    epoll_event event{events, {.u64 = event_key(fd, watched.generation)}};
    if (epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, fd, &event) < 0)
        throw SystemError(errno, "cannot wait for other events of a descriptor");
}

void EventLoop::remove(int fd) noexcept {
    const auto index = static_cast<std::size_t>(fd);
    if (fd < 0 || index >= watched_.size() || watched_[index].handler == nullptr) return;
    watched_[index] = {};
    // Fails only for what is closed already, and then it is gone from there as well.
    epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
}

EventLoop::TimerId EventLoop::add_timer(std::chrono::milliseconds delay,
                                        std::function<void()> act) {
    const TimerId id{Clock::now() + delay, ++timer_number_};
    timers_.emplace(id, std::move(act));
    return id;
}

bool EventLoop::cancel(const TimerId& timer) {
    return timers_.erase(timer) > 0;
}

std::chrono::milliseconds EventLoop::time_to_sleep() {
    using std::chrono::milliseconds;
    milliseconds shortest{-1};
    const auto at_most = [&](milliseconds time) {
        if (time.count() >= 0 && (shortest.count() < 0 || time < shortest)) shortest = time;
    };
    for (BeforeWait* part : before_wait_) at_most(part->before_wait());
    if (!timers_.empty()) {
        const auto left = timers_.begin()->first.first - Clock::now();
        at_most(std::max(milliseconds(0), std::chrono::ceil<milliseconds>(left)));
    }
    return std::min(shortest, milliseconds(INT32_MAX));
}

void EventLoop::run_timers() {
    while (!timers_.empty() && timers_.begin()->first.first <= Clock::now()) {
        const auto act = std::move(timers_.begin()->second);
        timers_.erase(timers_.begin());
        act();
    }
}

void EventLoop::run() {
    std::array<epoll_event, events_per_turn> events;
    while (!stopped_) {
        const auto sleep = static_cast<int>(time_to_sleep().count());
        const int count = epoll_wait(epoll_.get(), events.data(), events_per_turn, sleep);
        if (count < 0 && errno != EINTR) throw SystemError(errno, "cannot wait for events");
        for (int i = 0; i < count && !stopped_; ++i) {
            const epoll_event& event = events[static_cast<std::size_t>(i)];
            const auto fd = static_cast<int>(event.data.u64 & 0xffffffffU);
            const Watched& watched = watched_[static_cast<std::size_t>(fd)];
            // Removed by an earlier handler of this turn, and perhaps another one by now.
            if (watched.handler == nullptr || event_key(fd, watched.generation) != event.data.u64)
                continue;
            watched.handler->on_ready(fd, event.events);
        }
        for (BeforeWait* part : before_wait_) part->after_wait();
        run_timers();
    }
}

}  // namespace skiff::network
