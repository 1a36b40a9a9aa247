// SPDX-License-Identifier: Apache-2.0
#include "monitor/protocol.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <poll.h>

#include <sys/socket.h>

#include "base/passed_fds.h"
#include "base/text.h"

namespace skiff::monitor {
namespace {

// Both ends are on one machine: numbers are in its byte order.
struct Header {
    std::uint16_t version;
    std::uint16_t type;
    std::uint32_t length;
};
static_assert(sizeof(Header) == frame_header_size);

[[noreturn]] void refuse(std::string_view what) {
    throw Error(ErrorKind::invalid, "malformed monitor message: {}", what);
}

template <typename T>
void put(std::string& to, T value) {
    to.append(reinterpret_cast<const char*>(&value), sizeof value);
}

template <typename T>
T take(std::string_view& from) {
    T value{};
    if (from.size() < sizeof value) refuse("too short");
    std::memcpy(&value, from.data(), sizeof value);
    from.remove_prefix(sizeof value);
    return value;
}

void expect_end(std::string_view rest) {
    if (!rest.empty()) refuse("too long");
}

std::uint8_t to_bits(const StreamSet& set) {
    return static_cast<std::uint8_t>((set.input ? 1U : 0U) | (set.output ? 2U : 0U) |
                                     (set.errors ? 4U : 0U));
}

StreamSet from_bits(std::uint8_t bits) {
    if (bits > 7) refuse("unknown stream");
    return {(bits & 1U) != 0, (bits & 2U) != 0, (bits & 4U) != 0};
}

bool known(std::uint16_t type) {
    return (type >= static_cast<std::uint16_t>(FrameType::attach) &&
            type <= static_cast<std::uint16_t>(FrameType::update)) ||
           (type >= static_cast<std::uint16_t>(FrameType::starting) &&
            type <= static_cast<std::uint16_t>(FrameType::warnings));
}

int checked_signal(std::int32_t number) {
    if (number < 1 || number > 64) refuse("no such signal");
    return number;
}

}  // namespace

std::string encode(const AttachFrame& frame) {
    std::string payload;
    put(payload, to_bits(frame.streams));
    put(payload, to_bits(frame.handed));
    put(payload, frame.size.rows);
    put(payload, frame.size.columns);
    return payload;
}

AttachFrame decode_attach(std::string_view payload) {
    AttachFrame frame;
    frame.streams = from_bits(take<std::uint8_t>(payload));
    const auto handed = take<std::uint8_t>(payload);
    frame.handed = from_bits(handed);
    if ((handed & ~to_bits(frame.streams)) != 0) refuse("a stream is handed over but not attached");
    frame.size.rows = take<std::uint16_t>(payload);
    frame.size.columns = take<std::uint16_t>(payload);
    expect_end(payload);
    return frame;
}

std::string encode(const WindowSize& size) {
    std::string payload;
    put(payload, size.rows);
    put(payload, size.columns);
    return payload;
}

WindowSize decode_resize(std::string_view payload) {
    WindowSize size;
    size.rows = take<std::uint16_t>(payload);
    size.columns = take<std::uint16_t>(payload);
    expect_end(payload);
    return size;
}

std::string encode(const StopFrame& frame) {
    std::string payload;
    put(payload, frame.signal);
    put(payload, frame.timeout_ms);
    return payload;
}

StopFrame decode_stop(std::string_view payload) {
    StopFrame frame;
    frame.signal = checked_signal(take<std::int32_t>(payload));
    frame.timeout_ms = take<std::int32_t>(payload);
    if (frame.timeout_ms < -1) refuse("no such time-out");
    expect_end(payload);
    return frame;
}

std::string encode(const StreamClosedFrame& frame) {
    std::string payload;
    put(payload, frame.stream);
    put(payload, frame.error);
    return payload;
}

StreamClosedFrame decode_stream_closed(std::string_view payload) {
    StreamClosedFrame frame;
    const auto stream = take<std::uint8_t>(payload);
    if (stream > static_cast<std::uint8_t>(Stream::errors)) refuse("unknown stream");
    frame.stream = static_cast<Stream>(stream);
    frame.error = take<std::int32_t>(payload);
    expect_end(payload);
    return frame;
}

std::string encode_number(std::int32_t value) {
    std::string payload;
    put(payload, value);
    return payload;
}

std::int32_t decode_number(std::string_view payload) {
    const auto value = take<std::int32_t>(payload);
    expect_end(payload);
    return value;
}

int decode_signal(std::string_view payload) {
    return checked_signal(decode_number(payload));
}

std::string encode(std::span<const Phase> phases) {
    std::string payload;
    for (const Phase& phase : phases.first(std::min(phases.size(), max_frame_phases))) {
        const std::string_view name = std::string_view(phase.name).substr(0, max_phase_name);
        put(payload, phase.begin);
        put(payload, phase.end);
        put(payload, static_cast<std::uint8_t>(name.size()));
        payload += name;
    }
    return payload;
}

std::vector<Phase> decode_timing(std::string_view payload) {
    std::vector<Phase> phases;
    while (!payload.empty()) {
        if (phases.size() == max_frame_phases) refuse("too many phases");
        Phase phase;
        phase.begin = take<std::int64_t>(payload);
        phase.end = take<std::int64_t>(payload);
        if (phase.begin < 0 || phase.end < phase.begin)
            refuse("a phase that ends before it begins");
        const auto length = take<std::uint8_t>(payload);
        if (length == 0 || length > max_phase_name || length > payload.size())
            refuse("a phase without its name");
        phase.name = payload.substr(0, length);
        // It goes to a terminal.
        if (!std::all_of(phase.name.begin(), phase.name.end(),
                         [](char c) { return c >= ' ' && c <= '~'; }))
            refuse("a phase's name is not text");
        payload.remove_prefix(length);
        phases.push_back(std::move(phase));
    }
    return phases;
}

std::string encode_warnings(std::span<const std::string> sentences) {
    std::string payload;
    for (const std::string& sentence : sentences) {
        if (payload.size() + sentence.size() + 1 > max_warnings) break;
        payload += sentence;
        payload += '\n';
    }
    return payload;
}

std::vector<std::string> decode_warnings(std::string_view payload) {
    if (payload.size() > max_warnings) refuse("too many warnings");
    std::vector<std::string> sentences;
    for (const std::string_view line : split(payload, '\n'))
        if (!line.empty()) sentences.emplace_back(line);
    return sentences;
}

std::string encode(const Error& error) {
    std::string payload(to_string(error.kind()));
    payload += '\0';
    payload += error.message();
    if (payload.size() > max_payload) payload.resize(max_payload);
    return payload;
}

Error decode_failed(std::string_view payload) {
    const std::size_t end = payload.find('\0');
    if (end == std::string_view::npos) refuse("a failure without its kind");
    return Error(error_kind_from(payload.substr(0, end)), std::string(payload.substr(end + 1)));
}

Frame parse_frame(std::string_view message) {
    const auto header = take<Header>(message);
    if (header.version < oldest_version || header.version > protocol_version)
        throw Error(ErrorKind::unsupported,
                    "version {} of the monitor's protocol is not spoken here", header.version);
    if (!known(header.type)) refuse("unknown type");
    if (header.length != message.size() || message.size() > max_payload) refuse("wrong length");
    return {header.version, static_cast<FrameType>(header.type), message, {}};
}

Arrival receive_frame(int socket, std::span<char> buffer, Frame& frame) {
    PassedFds passed;
    iovec part{buffer.data(), buffer.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    passed.prepare(message);
    ssize_t n = 0;
    while ((n = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT)) < 0) {
        if (errno == EAGAIN) return Arrival::nothing;
        // A peer that closed with frames of ours unread leaves ECONNRESET, once, in front of its
        // own last frames.
        if (errno != EINTR && errno != ECONNRESET)
            throw SystemError(errno, "cannot receive a monitor message");
    }
    std::vector<Fd> fds = PassedFds::take(message);  // owned before anything throws
    if (n == 0) return Arrival::end;
    if ((message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) refuse("too long");
    if (fds.size() > max_frame_fds) refuse("too many descriptors");
    frame = parse_frame({buffer.data(), static_cast<std::size_t>(n)});
    frame.fds = std::move(fds);
    return Arrival::frame;
}

bool await_frame(int socket, std::span<char> buffer, Frame& frame) {
    for (;;) {
        const Arrival arrival = receive_frame(socket, buffer, frame);
        if (arrival != Arrival::nothing) return arrival == Arrival::frame;
        wait_for(socket, POLLIN);
    }
}

Sending try_send_frame(int socket, FrameType type, std::string_view payload,
                       std::span<const int> fds, std::uint16_t version) {
    if (payload.size() > max_payload || fds.size() > max_frame_fds)
        throw Error(ErrorKind::system, "a monitor message is too long");
    Header header{version, static_cast<std::uint16_t>(type),
                  static_cast<std::uint32_t>(payload.size())};
    PassedFds passed;
    std::array<iovec, 2> parts{
        {{&header, sizeof header}, {const_cast<char*>(payload.data()), payload.size()}}};
    msghdr message{};
    message.msg_iov = parts.data();
    message.msg_iovlen = parts.size();
    passed.attach(message, fds);
    while (sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT) < 0) {
        if (errno == EAGAIN) return Sending::blocked;
        if (errno == EPIPE || errno == ECONNRESET || errno == ENOTCONN) return Sending::gone;
        if (errno != EINTR) throw SystemError(errno, "cannot send a monitor message");
    }
    return Sending::sent;
}

bool send_frame(int socket, FrameType type, std::string_view payload, std::span<const int> fds,
                std::uint16_t version) {
    for (;;) {
        const Sending result = try_send_frame(socket, type, payload, fds, version);
        if (result != Sending::blocked) return result == Sending::sent;
        wait_for(socket, POLLOUT);
    }
}

}  // namespace skiff::monitor
