// SPDX-License-Identifier: Apache-2.0
// Owners for file descriptors. Close-on-exec from birth; inheriting one is an explicit act at the
// spawn.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace skiff {

/// Owns one file descriptor, or none (-1). Parameters of type `int fd` elsewhere are borrowed.
class Fd {
  public:
    Fd() = default;
    explicit Fd(int fd) : fd_(fd) {}
    Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
    Fd& operator=(Fd&& other) noexcept {
        if (this != &other) reset(other.release());
        return *this;
    }
    Fd(const Fd&) = delete;
    Fd& operator=(const Fd&) = delete;
    ~Fd() { reset(); }

    int get() const { return fd_; }
    bool valid() const { return fd_ >= 0; }
    int release() { return std::exchange(fd_, -1); }
    /// Closes what is held, ignoring errors, and takes `fd`.
    void reset(int fd = -1);
    /// Closes and reports: for files whose data must have reached the file system (NFS, quota).
    void close();

  private:
    int fd_ = -1;
};

struct Pipe {
    Fd read;
    Fd write;
};
Pipe make_pipe();

struct SocketPair {
    Fd ours;
    Fd theirs;
};
/// `type` is SOCK_STREAM, SOCK_SEQPACKET or SOCK_DGRAM.
SocketPair make_socket_pair(int type);

/// openat(2) with O_CLOEXEC. Throws SystemError naming `path`.
Fd open_at(int dir, const std::string& path, int flags, mode_t mode = 0);
inline Fd open_file(const std::string& path, int flags, mode_t mode = 0) {
    return open_at(-100 /* AT_FDCWD */, path, flags, mode);
}
/// Like open_at, but an absent file is an invalid Fd.
Fd find_at(int dir, const std::string& path, int flags);
/// A new descriptor of the same open file description, close-on-exec.
Fd duplicate(int fd);

/// Writes all of `data`, waiting where needed. `name` is for the message. Throws SystemError.
void write_all(int fd, std::string_view data, std::string_view name);
/// Reads until `buffer` is full or the end of file; returns the count.
size_t read_full(int fd, std::span<char> buffer, std::string_view name);
/// Reads to the end; throws Error{invalid} past `limit` bytes.
std::string read_to_end(int fd, size_t limit, std::string_view name);

/// Sends `data` and `fds` in one message (SCM_RIGHTS). Throws SystemError.
void send_with_fds(int socket, std::string_view data, std::span<const int> fds);
struct ReceivedMessage {
    std::string data;  ///< empty at end of file
    std::vector<Fd> fds;
};
/// Receives one message of at most `limit` bytes and 8 descriptors; blocks. Throws SystemError, or
/// Error{invalid} on truncation.
ReceivedMessage receive_with_fds(int socket, size_t limit);

}  // namespace skiff
