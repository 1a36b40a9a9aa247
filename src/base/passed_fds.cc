// SPDX-License-Identifier: Apache-2.0
#include "base/passed_fds.h"

#include <cerrno>
#include <cstring>

#include <poll.h>

#include "base/error.h"

namespace skiff {

void PassedFds::attach(msghdr& message, std::span<const int> fds) {
    if (fds.size() > capacity)
        throw Error(ErrorKind::system, "too many descriptors in one message");
    if (fds.empty()) return;
    message.msg_control = control_.data();
    message.msg_controllen = CMSG_SPACE(fds.size_bytes());
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(fds.size_bytes());
    std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
}

void PassedFds::prepare(msghdr& message) {
    message.msg_control = control_.data();
    message.msg_controllen = control_.size();
}

std::vector<Fd> PassedFds::take(msghdr& message) {
    std::vector<Fd> owners;
    for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr;
         header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
            int fd = -1;
            std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof fd);
            owners.emplace_back(fd);
        }
    }
    return owners;
}

void wait_for(int fd, short events) {
    pollfd entry{fd, events, 0};
    while (poll(&entry, 1, -1) < 0 && errno == EINTR) {
    }
}

}  // namespace skiff
