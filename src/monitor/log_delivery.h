// SPDX-License-Identifier: Apache-2.0
// What a container writes, on its way to a log server: journald, syslog, GELF, fluentd.
//
// One connection, driven by the event loop of the monitor and never waited for. What the server has
// not taken is queued; a full queue holds the program up (blocking, Docker's default) or costs
// messages (non-blocking, counted). A server that goes away is tried again each second, and gets
// the message it had half of once more: none is lost with it that was not in its hands. Only the
// first connection, before the program begins, is made synchronously: that it fails is an error of
// the start.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/fd.h"
#include "base/timestamp.h"
#include "monitor/log_tls.h"
#include "monitor/protocol.h"

namespace skiff::monitor {

/// A line, or a part of one that is longer than max_entry_text.
struct OutgoingLine {
    Stream stream = Stream::output;
    std::string_view text;  ///< without its newline
    Timestamp time{};
    bool continues = false;    ///< the line goes on in the next one
    bool is_part = false;      ///< of a line that was divided
    std::string_view part_id;  ///< the same for the parts of one line; only with is_part
    unsigned ordinal = 0;      ///< of the part, from 1
};

/// Where a log server listens.
struct LogServer {
    enum class Transport { unix_datagram, unix_stream, udp, tcp };
    Transport transport = Transport::unix_datagram;
    std::string path;  ///< unix
    std::string host;  ///< a name or an address, without brackets
    std::string port;
    bool is_stream() const {
        return transport == Transport::unix_stream || transport == Transport::tcp;
    }
};

struct DeliverySettings {
    std::string driver;  ///< for messages
    /// The first one that answers; the others are for a machine that has it elsewhere.
    std::vector<LogServer> servers;
    /// Appends what is sent for one line: datagrams, or pieces of a stream that may not be divided
    /// by a new connection.
    std::function<void(const OutgoingLine& line, std::vector<std::string>& to)> format;
    bool blocking = true;
    std::size_t max_queued = 1U << 20U;  ///< bytes
    /// A first connection that fails is no error: it is tried again like one that was lost.
    bool connects_later = false;
    std::chrono::milliseconds retry_wait{1000};
    std::optional<TlsSettings> tls;  ///< with tcp servers
};

class LogDelivery {
  public:
    using Clock = std::chrono::steady_clock;

    /// Throws Error{system} "failed to initialize logging driver: …".
    explicit LogDelivery(DeliverySettings settings);

    /// Takes what was read from `stream` at `time`; lines may begin and end anywhere.
    void append(Stream stream, std::string_view bytes, Timestamp time);
    /// What is left of lines becomes messages.
    void finish();
    /// The program is to wait.
    bool full() const;
    bool pending() const { return !queue_.empty(); }
    /// Sends what can be sent now.
    void act();
    /// To poll for `events`; -1: for nothing.
    int fd() const;
    short events() const;
    /// When to act even without an event.
    std::optional<Clock::time_point> due() const { return retry_at_; }
    /// Of the last piece that the server has taken.
    Clock::time_point last_progress() const { return last_progress_; }
    /// The end: counts what is queued as undelivered, and closes a TLS connection in good order,
    /// for which the server has a second.
    void give_up();
    /// Messages that were given up or had no place.
    std::uint64_t undelivered() const { return undelivered_; }

  private:
    struct Partial {
        std::string text;
        Timestamp time{};
        std::string id;  ///< of a divided line; "" : none of it was sent
        unsigned ordinal = 0;
    };
    struct Address {
        LogServer::Transport transport;
        std::string bytes;  ///< a sockaddr
    };

    void add_line(Stream stream, std::string_view text, Timestamp time, bool continues);
    void connect();
    bool begin_connection(const Address& address);
    bool is_connected();
    bool is_secured();
    bool is_first_connection_made(std::string& reason);
    void lose();
    ssize_t send_some(std::string_view bytes);
    bool drop_answers();
    void take_leave();
    bool send_front();

    DeliverySettings settings_;
    std::vector<Address> addresses_;
    std::size_t address_ = 0;  ///< the one in use, or to be tried next
    Fd socket_;
    bool connecting_ = false;
    std::unique_ptr<LogTls> tls_;
    bool securing_ = false;        ///< the connection stands, the session does not yet
    short session_waits_for_ = 0;  ///< POLLIN or POLLOUT, where it differs from the queue's
    std::optional<Clock::time_point> retry_at_;
    std::deque<std::string> queue_;
    std::size_t queued_ = 0;          ///< bytes
    std::size_t sent_ = 0;            ///< bytes of the queue's front
    int refusals_ = 0;                ///< of the queue's front, by a datagram socket
    std::array<Partial, 2> partial_;  ///< stdout, stderr
    std::vector<std::string> made_;
    Clock::time_point last_progress_{};
    std::uint64_t undelivered_ = 0;
};

}  // namespace skiff::monitor
