// SPDX-License-Identifier: Apache-2.0
// The monitor's side of one client: what it is connected with, and what it has not got yet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/fd.h"
#include "monitor/protocol.h"
#include "monitor/stdio.h"

namespace skiff::monitor {

/// Never waits. A client that breaks the protocol or dies becomes `gone`; the supervisor then
/// forgets it.
///
/// Output is not copied per client: the supervisor holds one chunk per stream until every client
/// has taken all of it, and each connection knows how much of the chunk it has taken.
class Connection {
  public:
    /// `peer` is the client's uid; `socket` is one end of a SOCK_SEQPACKET connection.
    Connection(Fd socket, uid_t peer) : socket_(std::move(socket)), peer_(peer) {}

    int socket() const { return socket_.get(); }
    uid_t peer() const { return peer_; }
    bool gone() const { return gone_; }
    void drop() { gone_ = true; }

    /// Throws Error{invalid} the second time, or when `fds` does not match the frame.
    void attach(const AttachFrame& frame, std::vector<Fd> fds);
    bool attached_to(Stream stream) const;
    /// It said which streams it wants; none: it only wants to hear of the end of this run.
    bool attached() const { return attached_; }

    /// Queues a small frame; everything queued is sent in order by flush(). A client that lets many
    /// pile up without reading one is dropped.
    void push(FrameType type, std::string payload);
    void flush();
    /// flush() has something to do.
    bool unsent() const { return !outbox_.empty() || taken_ > 0; }
    /// Queues the last frame of this connection, once.
    void conclude(FrameType type, const std::string& payload);
    /// The run has ended, and the next does not wait for this client: it keeps a copy of what it
    /// has not got of `contents` (stdout, stderr), then `type` as its last word, and is gone once
    /// it has taken both. Of the next run it hears nothing, and its input is not for it.
    void leave(FrameType type, const std::string& payload,
               const std::array<std::string_view, 2>& contents);
    bool leaving() const { return leaving_; }
    /// Something is left to write to output_fd(), where that is no frame's way.
    bool owes(Stream stream) const { return !left_.at(index(stream)).empty(); }
    /// For answers with a descriptor: sent at once or the client is dropped.
    void answer(FrameType type, std::string_view payload, std::span<const int> fds);

    /// Sends what this client has not got yet of `chunk`, as far as possible now.
    void deliver(Stream stream, std::string_view chunk);
    /// Part of a chunk of `filled` bytes is still to be delivered.
    bool behind(Stream stream, std::size_t filled) const;
    /// The stream's chunk was replaced by an empty one.
    void rewind(Stream stream) { delivered_.at(index(stream)) = 0; }
    /// What to poll for POLLOUT while behind.
    int output_fd(Stream stream) const;

    /// Throws Error{invalid} when the client exceeds its input window or is not attached to stdin.
    void take_input(std::string_view bytes);
    void end_input();
    /// The descriptor to poll for POLLIN, -1 when the input comes in frames or is not wanted now.
    int input_fd() const;
    /// Reads more input from a descriptor that was handed over; `space` is scratch memory.
    void read_input(std::span<char> space);
    std::string_view pending_input() const { return std::string_view(input_).substr(input_taken_); }
    void input_written(std::size_t count);
    /// The client will send no more input and all it sent was written.
    bool input_finished() const { return input_ended_ && input_.empty(); }
    /// The container takes no more input: drops what is pending and closes the descriptor.
    void refuse_input();

    void release_memory();

  private:
    static std::size_t index(Stream stream) { return stream == Stream::errors ? 1 : 0; }
    struct Queued {
        FrameType type;
        std::string payload;
    };
    void write_left();

    Fd socket_;
    uid_t peer_;
    bool gone_ = false;
    bool attached_ = false;
    bool concluded_ = false;
    bool leaving_ = false;
    StreamSet streams_;

    std::vector<Queued> outbox_;
    std::array<Endpoint, 2> direct_output_;  ///< stdout, stderr where handed over
    std::array<std::size_t, 2> delivered_{};
    std::array<std::string, 2> left_;  ///< while leaving, for direct_output_
    std::optional<Queued> last_word_;  ///< behind left_

    Endpoint direct_input_;
    std::string input_;
    std::size_t input_taken_ = 0;  ///< of input_
    bool input_ended_ = false;
    bool input_refused_ = false;
    std::size_t taken_ = 0;  ///< input from frames that was written and not yet acknowledged
};

}  // namespace skiff::monitor
