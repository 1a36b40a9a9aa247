// SPDX-License-Identifier: Apache-2.0
// Pairs of connected TCP sockets whose bytes go from one to the other inside the kernel (splice(2)
// through a pipe): published ports and the SYN gate end here.
//
// Pipes are scarce (two descriptors each, and their pages count for the whole user): one belongs to
// a direction only while bytes are in it. Where there is none to be had, bytes are copied, a block
// at a time and without a buffer of the flow's own, so that no stalled connection stops another.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/fd.h"
#include "network/event_loop.h"

namespace skiff::network {

/// Empty pipes for use.
class PipePool {
  public:
    /// At most `limit` pipes at a time.
    explicit PipePool(std::size_t limit) : limit_(limit) {}

    /// An empty pipe, or an invalid one when there is none.
    Pipe take();
    /// `pipe` must be empty.
    void give_back(Pipe pipe);
    /// One that is taken was closed instead.
    void forget() { --open_; }

  private:
    std::size_t limit_;
    std::size_t open_ = 0;
    std::vector<Pipe> idle_;
};

class FlowSet;

/// One pair. The end of one side's data is the end of the other's (shutdown), an error of one is a
/// reset of the other.
class Flow final : public EventHandler {
  public:
    /// Both connected, non-blocking.
    Flow(FlowSet& set, Fd first, Fd second);
    ~Flow();
    Flow(const Flow&) = delete;
    Flow& operator=(const Flow&) = delete;

    void on_ready(int fd, std::uint32_t events) override;
    /// Moves a bounded number of bytes; true: there is more to do at once.
    bool advance();
    bool ended() const { return ended_; }

  private:
    friend class FlowSet;
    /// Of direction 0 the first socket is the source, of direction 1 the second.
    struct Direction {
        Pipe pipe;
        std::size_t in_pipe = 0;
        bool readable = true;  ///< the source, as far as known (edge-triggered)
        bool writable = true;
        bool end_of_data = false;
        bool done = false;
    };
    enum class Step { moved, blocked, failed };

    Step move(Direction& direction, int source, int sink);
    Step fill(Direction& direction, int source);
    Step drain(Direction& direction, int sink);
    Step copy(Direction& direction, int source, int sink);
    void return_pipe(Direction& direction);
    void reset();

    FlowSet& set_;
    std::array<Fd, 2> sockets_;
    std::array<Direction, 2> directions_;
    bool queued_ = false;
    bool ended_ = false;
};

/// All flows of a helper, and the descriptors that they may use.
class FlowSet final : public BeforeWait {
  public:
    /// `descriptors`: how many may be open in flows and their pipes together.
    FlowSet(EventLoop& loop, std::size_t descriptors);

    /// Takes two connected sockets.
    void join(Fd first, Fd second);
    /// No connection should be accepted now; `when_room` is called after the next end of a flow.
    bool full() const { return flows_.size() + reserved_ >= most_flows_; }
    void call_when_room(std::function<void()> act) { when_room_.push_back(std::move(act)); }
    /// A place for a flow to be, while its sockets are not connected yet.
    void reserve() { ++reserved_; }
    void release();
    std::size_t size() const { return flows_.size(); }

    std::chrono::milliseconds before_wait() override;
    void after_wait() override;

  private:
    friend class Flow;
    void enqueue(Flow& flow);

    EventLoop& loop_;
    std::size_t most_flows_;
    std::size_t reserved_ = 0;
    PipePool pipes_;
    std::vector<std::byte> block_;  ///< for copies
    std::unordered_map<Flow*, std::unique_ptr<Flow>> flows_;
    std::vector<Flow*> queue_;  ///< with something to do
    std::vector<std::function<void()>> when_room_;
};

}  // namespace skiff::network
