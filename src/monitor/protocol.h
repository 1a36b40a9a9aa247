// SPDX-License-Identifier: Apache-2.0
// The words between a command (client) and the monitor of one container: frames on a SOCK_SEQPACKET
// unix socket, one frame per message. This header is the whole of the protocol; it opens no socket
// (address.h) and follows no conversation (supervisor.h for the monitor's side, client.h for the
// command's).
//
// clang-format off
//   client                                       monitor
//     │  (socketpair from fork, or connect to its socket)
//     │ ◄──────────────────────────────── starting │  at once; its header says which version to speak
//     │ attach{streams, handed, size} [fds] ─────► │  before the launch, so that the size is set before exec
//     │ ◄──────────────────────── started{host pid} │  exec succeeded (or failed{kind, message}, and the end)
//     │ ◄──────────────── output | errors{bytes}    │  only for streams that were not handed over
//     │ input{bytes} ────────────────────────────► │  at most `input_window` bytes that are not yet taken, so a
//     │ ◄──────────────────────── input_taken{n}    │  container that does not read never blocks a signal
//     │ input_end ───────────────────────────────► │
//     │ resize{rows, columns} ───────────────────► │
//     │ signal{number} ──────────────────────────► │  by pidfd
//     │ stop{signal, timeout} ───────────────────► │  the signal now, SIGKILL after the time-out
//     │ ◄─────────────── stream_closed{stream, err} │  a descriptor that was handed over takes no more
//     │ restart{signal, timeout} ────────────────► │  stop, and then the next run: `starting`, `started` once more
//     │ pause | unpause ─────────────────────────► │  all of the container's processes
//     │ ◄──────────────────────────────────── done │  they stand still (or go on), and the state says so
//     │ userns_request ──────────────────────────► │
//     │ ◄────────────────────── userns{known} [fd]  │  only for the monitor's own uid
//     │ exec [fd] ───────────────────────────────► │  the connection is the session's from here on, which
//     │                                             │  begins with `starting` again
//     │ detach ──────────────────────────────────► │  the connection ends, the container goes on
//     │ ◄────────────────────────── timing{phases}  │  with --timing: before `started` and before `exited`
//     │ ◄─────────────────────────── warnings{text} │  before `started`: what the container gets less of than was asked
//     │ ◄─────────────────────────── exited{code}   │  after every byte of output; then the connection ends
// clang-format on
//
// A client that does not attach hears `started`, `exited` and `failed` all the same (`run -d`,
// `wait`, `stop`). Monitors outlive upgrades: a reader takes its own version and the one before,
// and a client answers in the version of the monitor's first frame.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/phases.h"

namespace skiff::monitor {

inline constexpr std::uint16_t protocol_version = 1;
/// The oldest version a reader takes: N - 1, from the second version on.
inline constexpr std::uint16_t oldest_version = protocol_version > 1 ? protocol_version - 1 : 1;

inline constexpr std::size_t max_payload = 65536;
inline constexpr std::size_t frame_header_size = 8;
inline constexpr std::size_t max_frame = frame_header_size + max_payload;
/// Bytes of input a client may have sent that are not yet in the container's stdin.
inline constexpr std::size_t input_window = 65536;
/// Phases in one frame of timing, and bytes of a phase's name.
inline constexpr std::size_t max_frame_phases = 64;
inline constexpr std::size_t max_phase_name = 64;
/// Bytes of all warnings.
inline constexpr std::size_t max_warnings = 4096;
/// Descriptors in one frame: stdin, stdout, stderr.
inline constexpr std::size_t max_frame_fds = 3;

enum class FrameType : std::uint16_t {
    // client to monitor
    attach = 1,
    input = 2,
    input_end = 3,
    resize = 4,
    signal = 5,
    stop = 6,
    detach = 7,
    userns_request = 8,
    exec = 9,  ///< with one descriptor: what to run; the connection then belongs to that session
    pause = 10,
    unpause = 11,
    restart = 12,
    update = 13,  ///< with one descriptor: what to change
    // monitor to client
    starting = 64,
    started = 65,
    output = 66,
    errors = 67,
    input_taken = 68,
    stream_closed = 69,
    exited = 70,
    failed = 71,
    userns = 72,
    timing = 73,
    done = 74,  ///< what was asked for has happened
    warnings = 75,
};

enum class Stream : std::uint8_t { input = 0, output = 1, errors = 2 };

struct StreamSet {
    bool input = false;
    bool output = false;
    bool errors = false;
    bool operator==(const StreamSet&) const = default;
};

/// In characters; 0 x 0 means that the client has no terminal.
struct WindowSize {
    std::uint16_t rows = 0;
    std::uint16_t columns = 0;
    bool operator==(const WindowSize&) const = default;
};

struct AttachFrame {
    StreamSet streams;  ///< what the client wants to be connected with
    StreamSet
        handed;  ///< which of these come as descriptors with this frame, in the order of Stream
    WindowSize size;
};

struct StopFrame {
    std::int32_t signal = 0;
    std::int32_t timeout_ms = 0;  ///< until SIGKILL; -1: never
};

struct StreamClosedFrame {
    Stream stream = Stream::output;
    std::int32_t error = 0;  ///< errno of the write, EPIPE when nobody reads any more
};

// Payloads. Each decode_x throws Error{invalid} unless the payload is exactly one well-formed x.
std::string encode(const AttachFrame& frame);
AttachFrame decode_attach(std::string_view payload);
std::string encode(const WindowSize& size);
WindowSize decode_resize(std::string_view payload);
std::string encode(const StopFrame& frame);
/// The signal is 1 to 64, the time-out at least -1.
StopFrame decode_stop(std::string_view payload);
std::string encode(const StreamClosedFrame& frame);
StreamClosedFrame decode_stream_closed(std::string_view payload);
/// For signal, started, input_taken, exited and userns: one number.
std::string encode_number(std::int32_t value);
std::int32_t decode_number(std::string_view payload);
/// A signal number from 1 to 64.
int decode_signal(std::string_view payload);
/// Each phase: begin and end (8 bytes each), the length of its name (1 byte), the name.
std::string encode(std::span<const Phase> phases);
/// Names are 1 to max_phase_name characters of printable ASCII; no phase ends before it begins.
std::vector<Phase> decode_timing(std::string_view payload);
/// Sentences, a line each; whole ones as far as one frame holds them.
std::string encode_warnings(std::span<const std::string> sentences);
std::vector<std::string> decode_warnings(std::string_view payload);
/// The message is cut to what one frame holds.
std::string encode(const Error& error);
Error decode_failed(std::string_view payload);

struct Frame {
    std::uint16_t version = 0;
    FrameType type = FrameType::detach;
    std::string_view payload;  ///< inside the buffer it was parsed from
    std::vector<Fd> fds;
};

/// Checks the header of one whole message. Throws Error{invalid}.
Frame parse_frame(std::string_view message);

enum class Arrival { frame, nothing, end };
/// Receives one frame without waiting; `buffer` has at least max_frame bytes and holds the payload
/// afterwards. Throws Error{invalid} for anything malformed, SystemError when the socket fails.
Arrival receive_frame(int socket, std::span<char> buffer, Frame& frame);
/// Like receive_frame, and waits; false at the end of the connection.
bool await_frame(int socket, std::span<char> buffer, Frame& frame);

enum class Sending { sent, blocked, gone };
/// Sends one frame without waiting, whole or not at all. Throws SystemError for errors that are not
/// the peer's.
Sending try_send_frame(int socket, FrameType type, std::string_view payload,
                       std::span<const int> fds = {}, std::uint16_t version = protocol_version);
/// Like try_send_frame, and waits; false when the peer is gone.
bool send_frame(int socket, FrameType type, std::string_view payload, std::span<const int> fds = {},
                std::uint16_t version = protocol_version);

}  // namespace skiff::monitor
