// SPDX-License-Identifier: Apache-2.0
// Descriptors in messages of Unix sockets (SCM_RIGHTS, unix(7)), for whoever calls sendmsg(2) and
// recvmsg(2).
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include <sys/socket.h>

#include "base/fd.h"

namespace skiff {

/// The control part of one message; lives as long as the msghdr that it was attached to.
class PassedFds {
  public:
    static constexpr std::size_t capacity = 8;

    /// Sends `fds` along with `message`; for none the message has no control part. Throws
    /// Error{system} for more than `capacity`.
    void attach(msghdr& message, std::span<const int> fds);
    /// Lets `message` take descriptors; recvmsg(2) wants MSG_CMSG_CLOEXEC. More than `capacity` are
    /// cut off and MSG_CTRUNC says so.
    void prepare(msghdr& message);
    /// Owners for what came with `message`; to be called before anything else can throw.
    static std::vector<Fd> take(msghdr& message);

  private:
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * capacity)> control_{};
};

/// Waits until poll(2) reports one of `events`, or an error, for `fd`.
void wait_for(int fd, short events);

}  // namespace skiff
