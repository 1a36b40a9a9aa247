// SPDX-License-Identifier: Apache-2.0
#include "monitor/stdio.h"

#include <cerrno>
#include <string>

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"

namespace skiff::monitor {
namespace {

constexpr unsigned memory_devices = 1;  // major number of /dev/null, /dev/zero, /dev/full

Fd reopen(int fd, int flags) {
    return Fd(open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                   flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
}

}  // namespace

Endpoint Endpoint::own(Fd fd) {
    const int flags = fcntl(fd.get(), F_GETFL);
    if (flags < 0 || fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) < 0)
        throw SystemError(errno, "cannot make a descriptor non-blocking");
    return {std::move(fd), Manner::non_blocking};
}

Endpoint Endpoint::borrow(Fd fd, int access) {
    struct stat status{};
    if (fstat(fd.get(), &status) < 0) throw SystemError(errno, "cannot examine a descriptor");
    if (S_ISREG(status.st_mode)) return {std::move(fd), Manner::never_blocks};
    if (S_ISSOCK(status.st_mode)) return {std::move(fd), Manner::socket};
    if (S_ISCHR(status.st_mode) && major(status.st_rdev) == memory_devices)
        return {std::move(fd), Manner::never_blocks};
    if (S_ISFIFO(status.st_mode) || isatty(fd.get()) == 1) {
        // Refused for a pipe or terminal of another user (sudo, su), and for a FIFO without a
        // reader.
        if (Fd own_description = reopen(fd.get(), access); own_description.valid())
            return {std::move(own_description), Manner::non_blocking};
    }
    return {std::move(fd), Manner::guarded};
}

Endpoint Endpoint::borrow_for_reading(Fd fd) {
    return borrow(std::move(fd), O_RDONLY);
}
Endpoint Endpoint::borrow_for_writing(Fd fd) {
    return borrow(std::move(fd), O_WRONLY);
}

bool Endpoint::ready(short events) const {
    pollfd entry{fd_.get(), events, 0};
    return poll(&entry, 1, 0) > 0;
}

Transfer Endpoint::read(std::span<char> buffer) {
    for (;;) {
        if (manner_ == Manner::guarded && !ready(POLLIN)) return {};
        const ssize_t n = manner_ == Manner::socket
                              ? recv(fd_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT)
                              : ::read(fd_.get(), buffer.data(), buffer.size());
        if (n > 0) return {Transfer::Outcome::progressed, static_cast<std::size_t>(n), 0};
        // EIO: every slave of this terminal is closed, and all that was written to it has been
        // read.
        if (n == 0 || errno == EIO) return {Transfer::Outcome::ended, 0, 0};
        if (errno == EAGAIN) return {};
        if (errno != EINTR) return {Transfer::Outcome::failed, 0, errno};
    }
}

Transfer Endpoint::write(std::string_view data) {
    // A pipe that polls writable has room for one page at least; PIPE_BUF is never more than that.
    if (manner_ == Manner::guarded) data = data.substr(0, PIPE_BUF);
    for (;;) {
        if (manner_ == Manner::guarded && !ready(POLLOUT)) return {};
        const ssize_t n = manner_ == Manner::socket ? send(fd_.get(), data.data(), data.size(),
                                                           MSG_DONTWAIT | MSG_NOSIGNAL)
                                                    : ::write(fd_.get(), data.data(), data.size());
        if (n > 0) return {Transfer::Outcome::progressed, static_cast<std::size_t>(n), 0};
        if (n == 0 || errno == EAGAIN) return {};
        if (errno != EINTR) return {Transfer::Outcome::failed, 0, errno};
    }
}

}  // namespace skiff::monitor
