// SPDX-License-Identifier: Apache-2.0
// The one loop of the network helper: descriptors (epoll) and timers. Single-threaded.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <utility>
#include <vector>

#include "base/fd.h"

namespace skiff::network {

/// Whoever waits for descriptors. May add and remove any descriptor, its own too, while it is
/// called.
class EventHandler {
  public:
    /// `events`: EPOLLIN, EPOLLOUT, EPOLLERR, EPOLLHUP, EPOLLRDHUP that are true of `fd`.
    virtual void on_ready(int fd, std::uint32_t events) = 0;

  protected:
    ~EventHandler() = default;
};

/// Whoever must look at something before the loop sleeps, however many events there were.
class BeforeWait {
  public:
    /// Returns how long the loop may sleep as far as this one is concerned; negative: for ever.
    virtual std::chrono::milliseconds before_wait() = 0;
    /// Events were served, or the time is over.
    virtual void after_wait() = 0;

  protected:
    ~BeforeWait() = default;
};

class EventLoop {
  public:
    using Clock = std::chrono::steady_clock;
    using TimerId = std::pair<Clock::time_point, std::uint64_t>;

    EventLoop();

    /// Watches `fd` (borrowed) for EPOLL… `events`, level-triggered unless they say EPOLLET. The
    /// handler must live until `remove`. Throws SystemError.
    void add(int fd, std::uint32_t events, EventHandler& handler);
    void change(int fd, std::uint32_t events);
    /// Before the descriptor is closed: its number may come back at once. No event that was already
    /// fetched reaches the handler after this.
    void remove(int fd) noexcept;

    /// Calls `act` once, after `delay`.
    TimerId add_timer(std::chrono::milliseconds delay, std::function<void()> act);
    /// False when it has run or was cancelled.
    bool cancel(const TimerId& timer);

    /// Borrowed for the life of the loop.
    void set_before_wait(BeforeWait& part) { before_wait_.push_back(&part); }

    /// Until `stop`. Throws what handlers throw, and SystemError for failures of epoll itself.
    void run();
    void stop() { stopped_ = true; }

  private:
    struct Watched {
        EventHandler* handler = nullptr;
        std::uint32_t generation = 0;
    };
    std::chrono::milliseconds time_to_sleep();
    void run_timers();

    Fd epoll_;
    std::vector<Watched> watched_;  ///< by number of the descriptor
    std::uint32_t generation_ = 0;
    std::map<TimerId, std::function<void()>> timers_;
    std::uint64_t timer_number_ = 0;
    std::vector<BeforeWait*> before_wait_;
    bool stopped_ = false;
};

}  // namespace skiff::network
