// SPDX-License-Identifier: Apache-2.0
// Reading and writing without ever waiting, on descriptors that are ours and on descriptors that
// others share.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "base/fd.h"

namespace skiff::monitor {

/// The monitor's ends of the container's standard streams: either a terminal or pipes.
struct ContainerIo {
    Fd pty_master;   ///< with a terminal; the others are then invalid
    Fd stdin_write;  ///< invalid: the container's stdin is not connected (/dev/null)
    Fd stdout_read;
    Fd stderr_read;
};

struct Transfer {
    enum class Outcome {
        progressed,  ///< `count` bytes, at least one
        blocked,     ///< nothing now; poll
        ended,       ///< end of file, or the other side of the terminal is closed
        failed,      ///< `error` says why; EPIPE: nobody reads any more
    };
    Outcome outcome = Outcome::blocked;
    std::size_t count = 0;
    int error = 0;
};

/// One descriptor, used in one direction, that never blocks the event loop.
///
/// O_NONBLOCK belongs to the open file description, which the descriptor of a client shares with
/// the client's shell and with everybody else in its pipeline: setting it there breaks them (`cat:
/// write error: Resource temporarily unavailable`). So a borrowed pipe is opened anew, and where
/// that is refused each transfer is preceded by poll(2) and small enough for what poll promised.
class Endpoint {
  public:
    Endpoint() = default;
    /// Takes a descriptor whose description nobody else uses, and makes it non-blocking.
    static Endpoint own(Fd fd);
    /// Takes a descriptor whose description is shared with strangers.
    static Endpoint borrow_for_reading(Fd fd);
    static Endpoint borrow_for_writing(Fd fd);

    Transfer read(std::span<char> buffer);
    Transfer write(std::string_view data);

    bool valid() const { return fd_.valid(); }
    int fd() const { return fd_.get(); }
    void close() { fd_.reset(); }

  private:
    enum class Manner { non_blocking, never_blocks, socket, guarded };
    Endpoint(Fd fd, Manner manner) : fd_(std::move(fd)), manner_(manner) {}
    static Endpoint borrow(Fd fd, int access);
    bool ready(short events) const;

    Fd fd_;
    Manner manner_ = Manner::non_blocking;
};

}  // namespace skiff::monitor
