// SPDX-License-Identifier: Apache-2.0
// libslirp: a TCP/IP stack that answers the container's packets by ordinary sockets of the host.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/fd.h"
#include "network/config.h"
#include "network/event_loop.h"
#include "network/frame.h"
#include "network/link.h"

struct Slirp;

namespace skiff::network {

/// Looks at libslirp's frames before the container does.
class AnswerFilter {
  public:
    /// True: it is taken care of, and is not sent. `frame` is only lent.
    virtual bool take_answer(Bytes frame) = 0;

  protected:
    ~AnswerFilter() = default;
};

/// Off in it: DHCP, TFTP, DNS, router advertisements, protocol helpers.
class SlirpStack final : private EventHandler, private BeforeWait {
  public:
    /// `open_stream` gives one end of a stream for each TCP connection to the resolver's port 53.
    SlirpStack(EventLoop& loop, Link& link, const HelperConfig& config,
               std::function<Fd()> open_stream);
    SlirpStack(const SlirpStack&) = delete;
    SlirpStack& operator=(const SlirpStack&) = delete;
    ~SlirpStack();

    /// A frame from the container.
    void input(Bytes frame);
    /// Borrowed; nullptr: none.
    void set_answer_filter(AnswerFilter* filter) { answers_ = filter; }

  private:
    struct Callbacks;
    struct Polled {
        std::uint32_t wanted = 0;    ///< as epoll has it; 0: it is not there
        std::uint32_t happened = 0;  ///< since libslirp was told last
        std::uint32_t round = 0;     ///< of the last question in which libslirp named it
    };
    void on_ready(int fd, std::uint32_t events) override;
    std::chrono::milliseconds before_wait() override;
    void after_wait() override;
    void answer(Bytes frame);
    int want(int fd, std::uint32_t events);
    void forget(int fd);

    EventLoop& loop_;
    Link& link_;
    std::function<Fd()> open_stream_;
    AnswerFilter* answers_ = nullptr;
    std::vector<Polled> polled_;  ///< by number of the descriptor
    std::vector<int> watched_;    ///< those with `wanted`
    std::uint32_t round_ = 0;
    bool changed_ = true;  ///< libslirp may want other descriptors or another time than we know
    bool happened_ = false;
    EventLoop::Clock::time_point due_ = EventLoop::Clock::time_point::max();
    std::unique_ptr<Slirp, void (*)(Slirp*)> slirp_;
};

}  // namespace skiff::network
