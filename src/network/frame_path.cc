// SPDX-License-Identifier: Apache-2.0
#include "network/frame_path.h"

#include <algorithm>
#include <cerrno>

#include <unistd.h>

#include <sys/epoll.h>

#include "base/error.h"

namespace skiff::network {
namespace {

constexpr std::size_t largest_frame = 65536 + ethernet_header;
constexpr int frames_per_turn = 64;  ///< so that a flood leaves time for everything else
constexpr std::uint16_t type_arp = 0x0806;

std::uint16_t type_of(Bytes frame) {
    return static_cast<std::uint16_t>(frame[12] << 8U | frame[13]);
}

}  // namespace

FramePath::FramePath(EventLoop& loop, Link& link, SlirpStack& slirp)
    : loop_(loop),
      link_(link),
      slirp_(slirp),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(largest_frame)) {
    loop_.add(link_.fd(), EPOLLIN, *this);
}

void FramePath::forward(Bytes frame) {
    if (frame.size() < ethernet_header) return;
    if (type_of(frame) == type_arp) return slirp_.input(frame);
    // Whatever is neither ARP nor well-formed IP ends here.
    const std::optional<Packet> packet = parse_packet(frame);
    if (!packet) return;
    const bool taken = std::any_of(filters_.begin(), filters_.end(), [&](PacketFilter* filter) {
        return filter->take(*packet, frame);
    });
    if (!taken) slirp_.input(frame);
}

void FramePath::on_ready(int fd, std::uint32_t) {
    for (int i = 0; i < frames_per_turn; ++i) {
        const ssize_t n = read(fd, buffer_.get(), largest_frame);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0 && errno == EAGAIN) return;
        if (n <= 0) {
            // The interface is gone, or down: with the container, mostly. What it has sent is lost;
            // a tap that comes up again goes on.
            if (n < 0 && (errno == EIO || errno == ENETDOWN)) return;
            throw SystemError(n == 0 ? EPIPE : errno, "cannot read the container's packets");
        }
        forward({buffer_.get(), static_cast<std::size_t>(n)});
    }
}

}  // namespace skiff::network
