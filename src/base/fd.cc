// SPDX-License-Identifier: Apache-2.0
#include "base/fd.h"

#include <array>
#include <cerrno>

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <sys/socket.h>

#include "base/error.h"
#include "base/passed_fds.h"

namespace skiff {

void Fd::reset(int fd) {
    if (fd_ >= 0) {
        const int saved =
            errno;  // destructors run between a failing call and the throw that reads errno
        ::close(fd_);
        errno = saved;
    }
    fd_ = fd;
}

void Fd::close() {
    const int fd = release();
    if (fd >= 0 && ::close(fd) < 0 && errno != EINTR)
        throw SystemError(errno, "cannot close a file");
}

Pipe make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) < 0) throw SystemError(errno, "cannot make a pipe");
    return {Fd(ends[0]), Fd(ends[1])};
}

SocketPair make_socket_pair(int type) {
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends.data()) < 0)
        throw SystemError(errno, "cannot make a socket pair");
    return {Fd(ends[0]), Fd(ends[1])};
}

Fd open_at(int dir, const std::string& path, int flags, mode_t mode) {
    Fd fd(openat(dir, path.c_str(), flags | O_CLOEXEC, mode));
    if (!fd.valid()) throw SystemError(errno, "cannot open '{}'", path);
    return fd;
}

Fd find_at(int dir, const std::string& path, int flags) {
    Fd fd(openat(dir, path.c_str(), flags | O_CLOEXEC));
    if (!fd.valid() && errno != ENOENT && errno != ENOTDIR)
        throw SystemError(errno, "cannot open '{}'", path);
    return fd;
}

Fd duplicate(int fd) {
    Fd copy(fcntl(fd, F_DUPFD_CLOEXEC, 3));
    if (!copy.valid()) throw SystemError(errno, "cannot duplicate a descriptor");
    return copy;
}

void write_all(int fd, std::string_view data, std::string_view name) {
    while (!data.empty()) {
        const ssize_t n = ::write(fd, data.data(), data.size());
        if (n >= 0) {
            data.remove_prefix(static_cast<size_t>(n));
        } else if (errno == EAGAIN) {
            wait_for(fd, POLLOUT);
        } else if (errno != EINTR) {
            throw SystemError(errno, "cannot write {}", name);
        }
    }
}

size_t read_full(int fd, std::span<char> buffer, std::string_view name) {
    size_t count = 0;
    while (count < buffer.size()) {
        const ssize_t n = ::read(fd, buffer.data() + count, buffer.size() - count);
        if (n == 0) break;
        if (n > 0) {
            count += static_cast<size_t>(n);
        } else if (errno == EAGAIN) {
            wait_for(fd, POLLIN);
        } else if (errno != EINTR) {
            throw SystemError(errno, "cannot read {}", name);
        }
    }
    return count;
}

std::string read_to_end(int fd, size_t limit, std::string_view name) {
    std::string text;
    std::array<char, 16384> block;
    for (;;) {
        const size_t n = read_full(fd, block, name);
        if (text.size() + n > limit)
            throw Error(ErrorKind::invalid, "{} is larger than {} bytes", name, limit);
        text.append(block.data(), n);
        if (n < block.size()) return text;
    }
}

void send_with_fds(int socket, std::string_view data, std::span<const int> fds) {
    PassedFds passed;
    iovec part{const_cast<char*>(data.data()), data.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    passed.attach(message, fds);
    for (;;) {
        const ssize_t n = sendmsg(socket, &message, MSG_NOSIGNAL);
        if (n == static_cast<ssize_t>(data.size())) return;
        if (n >= 0) throw Error(ErrorKind::system, "a message was sent in part");
        if (errno == EAGAIN) {
            wait_for(socket, POLLOUT);
        } else if (errno != EINTR) {
            throw SystemError(errno, "cannot send a message");
        }
    }
}

ReceivedMessage receive_with_fds(int socket, size_t limit) {
    PassedFds passed;
    ReceivedMessage result;
    result.data.resize(limit);
    iovec part{result.data.data(), result.data.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    passed.prepare(message);
    ssize_t n = 0;
    while ((n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC)) < 0) {
        if (errno == EAGAIN) {
            wait_for(socket, POLLIN);
        } else if (errno != EINTR) {
            throw SystemError(errno, "cannot receive a message");
        }
    }
    result.fds = PassedFds::take(message);
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0)
        throw Error(ErrorKind::invalid, "a message is longer than {} bytes", limit);
    result.data.resize(static_cast<size_t>(n));
    return result;
}

}  // namespace skiff
