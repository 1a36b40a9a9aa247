// SPDX-License-Identifier: Apache-2.0
#include "monitor/address.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fcntl.h>
#include <unistd.h>

#include <linux/nsfs.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/process.h"
#include "monitor/protocol.h"

namespace skiff::monitor {
namespace {

sockaddr_un address_of(int dir, const std::string& name) {
    const std::string path = fmt::format("/proc/self/fd/{}/{}", dir, name);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw Error(ErrorKind::invalid, "the socket name '{}' is too long", name);
    std::copy(path.begin(), path.end(), std::begin(address.sun_path));
    return address;
}

Fd make_socket(int flags) {
    Fd fd(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | flags, 0));
    if (!fd.valid()) throw SystemError(errno, "cannot make a socket");
    return fd;
}

#ifdef SO_PEERPIDFD
constexpr int so_peerpidfd = SO_PEERPIDFD;
#else
constexpr int so_peerpidfd = 77;  // asm-generic/socket.h since Linux 6.5
#endif

/// For connect, send and receive; 0: none.
void set_timeouts(int socket, std::chrono::milliseconds patience) {
    const timeval time{patience.count() / 1000, patience.count() % 1000 * 1000};
    for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO})
        if (setsockopt(socket, SOL_SOCKET, option, &time, sizeof time) < 0)
            throw SystemError(errno, "cannot set the time limit of a socket");
}

}  // namespace

Fd listen_at(int dir, const std::string& name) {
    const sockaddr_un address = address_of(dir, name);
    Fd fd = make_socket(SOCK_NONBLOCK);
    // Before bind: the file gets this mode at birth, whatever the umask allows beyond it.
    if (fchmod(fd.get(), 0600) < 0) throw SystemError(errno, "cannot set the mode of '{}'", name);
    if (unlinkat(dir, name.c_str(), 0) < 0 && errno != ENOENT)
        throw SystemError(errno, "cannot remove the old '{}'", name);
    if (bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) < 0)
        throw SystemError(errno, "cannot make the socket '{}'", name);
    if (listen(fd.get(), 64) < 0) throw SystemError(errno, "cannot listen on '{}'", name);
    return fd;
}

std::optional<MonitorConnection> connect_at(int dir, const std::string& name,
                                            std::chrono::milliseconds patience) {
    const sockaddr_un address = address_of(dir, name);
    MonitorConnection connection{make_socket(0), 0};
    // A monitor that was stopped, or has not come to its loop yet, must not hang whoever asks.
    set_timeouts(connection.socket.get(), patience);
    while (connect(connection.socket.get(), reinterpret_cast<const sockaddr*>(&address),
                   sizeof address) < 0) {
        if (errno == ENOENT || errno == ECONNREFUSED || errno == EAGAIN) return std::nullopt;
        if (errno != EINTR) throw SystemError(errno, "cannot connect to '{}'", name);
    }
    // The run directory may have been taken away and made by somebody else.
    const uid_t peer = peer_uid(connection.socket.get());
    if (peer != geteuid() && peer != 0)
        throw Error(ErrorKind::denied, "the socket '{}' belongs to user {}", name, peer);
    std::array<char, frame_header_size> header{};
    ssize_t n = 0;
    while ((n = recv(connection.socket.get(), header.data(), header.size(), MSG_PEEK | MSG_TRUNC)) <
           0)
        if (errno == ECONNRESET || errno == EAGAIN) {
            return std::nullopt;
        } else if (errno != EINTR) {
            throw SystemError(errno, "cannot hear from '{}'", name);
        }
    if (n == 0) return std::nullopt;  // it ended between our connect and its accept
    // The first two bytes of every version's header; the rest is checked when the frame is read.
    std::copy_n(header.data(), sizeof connection.version,
                reinterpret_cast<char*>(&connection.version));
    if (connection.version < oldest_version || connection.version > protocol_version)
        throw Error(
            ErrorKind::unsupported,
            "the monitor of this container speaks version {} of the protocol, this skiff speaks {}",
            connection.version, protocol_version);
    set_timeouts(connection.socket.get(), std::chrono::milliseconds(0));
    return connection;
}

uid_t peer_uid(int socket) {
    ucred credentials{};
    socklen_t length = sizeof credentials;
    if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &length) < 0)
        throw SystemError(errno, "cannot tell who is at the other end of a socket");
    return credentials.uid;
}

bool peer_is_in_our_user_namespace(int socket) {
    int number = -1;
    socklen_t length = sizeof number;
    // Of a process that has ended some kernels give no pidfd: whoever that was waits for nothing.
    if (getsockopt(socket, SOL_SOCKET, so_peerpidfd, &number, &length) < 0)
        return errno != ENOPROTOOPT;
    const Child peer(0, Fd(number));
    const pid_t pid = host_pid_of(peer);
    if (pid <= 0) return true;
    // Of a process outside, a namespace can be opened only by whoever may trace it: not by us.
    Fd theirs(::open(fmt::format("/proc/{}/ns/user", pid).c_str(), O_RDONLY | O_CLOEXEC));
    if (!theirs.valid()) return errno != EACCES && errno != EPERM;
    const Fd ours(::open("/proc/self/ns/user", O_RDONLY | O_CLOEXEC));
    struct stat wanted{};
    if (!ours.valid() || fstat(ours.get(), &wanted) < 0) return true;
    while (theirs.valid()) {
        struct stat found{};
        if (fstat(theirs.get(), &found) == 0 && found.st_ino == wanted.st_ino) return true;
        theirs.reset(ioctl(theirs.get(), NS_GET_PARENT));
    }
    return false;
}

}  // namespace skiff::monitor
