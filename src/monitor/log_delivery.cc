// SPDX-License-Identifier: Apache-2.0
#include "monitor/log_delivery.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netdb.h>
#include <poll.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/error.h"
#include "base/text.h"
#include "monitor/log_entry.h"

namespace skiff::monitor {
namespace {

/// A blocking driver keeps about what a pipe holds; the rest waits in the program.
constexpr std::size_t blocking_queue = 64UL * 1024;
/// For the first connection, which the start of the program waits for.
constexpr std::chrono::seconds first_connection{10};
constexpr std::chrono::seconds patience_with_an_end{1};
constexpr std::size_t part_id_bytes = 32;

int socket_type(LogServer::Transport transport) {
    const bool stream =
        transport == LogServer::Transport::unix_stream || transport == LogServer::Transport::tcp;
    return stream ? SOCK_STREAM : SOCK_DGRAM;
}

std::string describe(const LogServer& server) {
    using Transport = LogServer::Transport;
    switch (server.transport) {
        case Transport::unix_datagram:
        case Transport::unix_stream:
            return "unix " + server.path;
        case Transport::udp:
            return fmt::format("udp {}:{}", server.host, server.port);
        case Transport::tcp:
            return fmt::format("tcp {}:{}", server.host, server.port);
    }
    return "";
}

std::string unix_address(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        throw Error(ErrorKind::invalid, "the path of the socket '{}' is too long", path);
    std::memcpy(address.sun_path, path.data(), path.size());
    return {reinterpret_cast<const char*>(&address), sizeof address};
}

std::vector<std::string> internet_addresses(const LogServer& server) {
    addrinfo wanted{};
    wanted.ai_socktype = socket_type(server.transport);
    addrinfo* found = nullptr;
    if (const int error = getaddrinfo(server.host.c_str(), server.port.c_str(), &wanted, &found);
        error != 0)
        throw Error(ErrorKind::system, "dial {}: {}", describe(server), gai_strerror(error));
    std::vector<std::string> list;
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next)
        list.emplace_back(reinterpret_cast<const char*>(one->ai_addr), one->ai_addrlen);
    freeaddrinfo(found);
    return list;
}

}  // namespace

LogDelivery::LogDelivery(DeliverySettings settings) : settings_(std::move(settings)) {
    std::string reason = "no server";
    for (const LogServer& server : settings_.servers) {
        try {
            if (server.path.empty()) {
                for (std::string& bytes : internet_addresses(server))
                    addresses_.push_back({server.transport, std::move(bytes)});
            } else {
                addresses_.push_back({server.transport, unix_address(server.path)});
            }
        } catch (const Error& error) {
            reason = error.message();
        }
    }
    if (settings_.tls) {
        with_context([&] { tls_ = std::make_unique<LogTls>(*settings_.tls); },
                     "failed to initialize logging driver: {}", settings_.driver);
    }
    last_progress_ = Clock::now();
    for (address_ = 0; address_ < addresses_.size(); ++address_)
        if (is_first_connection_made(reason)) return;
    socket_.reset();
    address_ = 0;
    // A name that cannot be resolved now would never be: there is no second look.
    if (settings_.connects_later && !addresses_.empty()) {
        retry_at_ = Clock::now() + settings_.retry_wait;
        return;
    }
    const std::string where =
        settings_.servers.empty() ? "" : describe(settings_.servers.front()) + ": ";
    throw Error(ErrorKind::system, "failed to initialize logging driver: {}: {}{}",
                settings_.driver, where, reason);
}

/// Waits for it, unless it may be made later.
bool LogDelivery::is_first_connection_made(std::string& reason) {
    if (!begin_connection(addresses_[address_])) {
        reason = std::strerror(errno);
        return false;
    }
    if (settings_.connects_later) return true;
    const auto deadline = Clock::now() + first_connection;
    while (Clock::now() < deadline) {
        if (is_connected()) {
            if (is_secured()) return true;
            if (!socket_.valid()) {
                reason = tls_->reason();
                return false;
            }
        } else if (!socket_.valid()) {
            reason = std::strerror(errno);
            return false;
        }
        pollfd entry{socket_.get(), events(), 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        poll(&entry, 1, static_cast<int>(std::max<std::int64_t>(left.count(), 0)));
    }
    reason = "i/o timeout";
    return false;
}

/// False, and errno, when it failed at once.
bool LogDelivery::begin_connection(const Address& address) {
    const auto* where = reinterpret_cast<const sockaddr*>(address.bytes.data());
    socket_.reset(::socket(where->sa_family,
                           socket_type(address.transport) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_.valid()) return false;
    connecting_ = false;
    if (tls_) tls_->end();
    securing_ = tls_ != nullptr;
    if (::connect(socket_.get(), where, static_cast<socklen_t>(address.bytes.size())) == 0)
        return true;
    if (errno != EINPROGRESS) {
        const int error = errno;
        socket_.reset();
        errno = error;
        return false;
    }
    connecting_ = true;
    return true;
}

/// Looks at a connection that was begun. False, and errno, when it failed.
bool LogDelivery::is_connected() {
    if (!connecting_) return socket_.valid();
    pollfd entry{socket_.get(), POLLOUT, 0};
    if (poll(&entry, 1, 0) == 0) return false;
    int error = 0;
    socklen_t length = sizeof error;
    getsockopt(socket_.get(), SOL_SOCKET, SO_ERROR, &error, &length);
    connecting_ = false;
    if (error == 0) return true;
    socket_.reset();
    errno = error;
    return false;
}

/// Takes the session of a connection that stands a step further. False while there is none; when
/// it failed, there is no socket any more either.
bool LogDelivery::is_secured() {
    if (!securing_) return socket_.valid();
    switch (tls_->handshake(socket_.get())) {
        case LogTls::Step::done:
            securing_ = false;
            session_waits_for_ = 0;
            return true;
        case LogTls::Step::wants_to_read:
            session_waits_for_ = POLLIN;
            return false;
        case LogTls::Step::wants_to_write:
            session_waits_for_ = POLLOUT;
            return false;
        case LogTls::Step::failed:
            break;
    }
    socket_.reset();
    return false;
}

void LogDelivery::append(Stream stream, std::string_view bytes, Timestamp time) {
    Partial& partial = partial_.at(stream == Stream::errors ? 1 : 0);
    while (!bytes.empty()) {
        const std::size_t end = bytes.find('\n');
        const std::size_t room = max_entry_text - partial.text.size();
        if (partial.text.empty() && partial.id.empty()) partial.time = time;
        if (end == std::string_view::npos ? bytes.size() < room : end <= room) {
            const std::string_view piece = bytes.substr(0, end);
            partial.text += piece;
            if (end == std::string_view::npos) return;
            add_line(stream, partial.text, partial.time, false);
            bytes.remove_prefix(end + 1);
        } else {
            partial.text += bytes.substr(0, room);
            bytes.remove_prefix(room);
            add_line(stream, partial.text, partial.time, true);
        }
        partial.text.clear();
    }
}

void LogDelivery::finish() {
    for (const Stream stream : {Stream::output, Stream::errors}) {
        Partial& partial = partial_.at(stream == Stream::errors ? 1 : 0);
        if (!partial.text.empty()) add_line(stream, partial.text, partial.time, false);
        partial = {};
    }
}

void LogDelivery::add_line(Stream stream, std::string_view text, Timestamp time, bool continues) {
    Partial& partial = partial_.at(stream == Stream::errors ? 1 : 0);
    if (continues && partial.id.empty()) partial.id = random_hex(part_id_bytes);
    const bool is_part = !partial.id.empty();
    if (is_part) ++partial.ordinal;
    // An empty line is none to any of the servers, as in Docker.
    if (!text.empty()) {
        made_.clear();
        settings_.format({.stream = stream,
                          .text = text,
                          .time = time,
                          .continues = continues,
                          .is_part = is_part,
                          .part_id = partial.id,
                          .ordinal = partial.ordinal},
                         made_);
        std::size_t size = 0;
        for (const std::string& piece : made_) size += piece.size();
        if (!settings_.blocking && queued_ + size > settings_.max_queued && !queue_.empty()) {
            ++undelivered_;
        } else {
            queued_ += size;
            for (std::string& piece : made_) queue_.push_back(std::move(piece));
        }
    }
    if (continues) return;
    partial.id.clear();
    partial.ordinal = 0;
}

bool LogDelivery::full() const {
    return settings_.blocking && queued_ >= blocking_queue;
}

int LogDelivery::fd() const {
    // Datagrams have no connection whose end could be noticed.
    const bool stream =
        addresses_.empty() || socket_type(addresses_[address_].transport) == SOCK_STREAM;
    return stream || pending() ? socket_.get() : -1;
}

short LogDelivery::events() const {
    if (connecting_) return POLLOUT;
    if (session_waits_for_ != 0) return session_waits_for_;
    return pending() ? POLLOUT : POLLIN;
}

void LogDelivery::lose() {
    if (tls_) tls_->end();
    socket_.reset();
    connecting_ = false;
    securing_ = false;
    session_waits_for_ = 0;
    // To be sent as a whole again: the server may have forgotten the half that it had.
    sent_ = 0;
    address_ = addresses_.empty() ? 0 : (address_ + 1) % addresses_.size();
    retry_at_ = Clock::now() + settings_.retry_wait;
}

void LogDelivery::connect() {
    if (Clock::now() < *retry_at_) return;
    retry_at_.reset();
    if (!begin_connection(addresses_[address_])) lose();
}

/// As send(2), which it is without TLS.
ssize_t LogDelivery::send_some(std::string_view bytes) {
    if (!tls_) return send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    std::size_t taken = 0;
    session_waits_for_ = 0;
    switch (tls_->send(bytes, taken)) {
        case LogTls::Step::done:
            return static_cast<ssize_t>(taken);
        case LogTls::Step::wants_to_read:
            session_waits_for_ = POLLIN;
            errno = EAGAIN;
            return -1;
        case LogTls::Step::wants_to_write:
            errno = EAGAIN;
            return -1;
        case LogTls::Step::failed:
            break;
    }
    errno = ECONNRESET;
    return -1;
}

/// Answers that nobody asked for are taken away; an end is noticed before something is sent into
/// it. False at the end.
bool LogDelivery::drop_answers() {
    if (tls_) return tls_->drop_answers() != LogTls::Step::failed;
    std::array<char, 512> answer;
    ssize_t n = 0;
    while ((n = recv(socket_.get(), answer.data(), answer.size(), MSG_DONTWAIT)) > 0) {
    }
    return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/// False when nothing more can be done now.
bool LogDelivery::send_front() {
    const std::string_view rest = std::string_view(queue_.front()).substr(sent_);
    const ssize_t n = send_some(rest);
    const bool datagrams = socket_type(addresses_[address_].transport) == SOCK_DGRAM;
    if (n < 0) {
        if (errno == EINTR) return true;
        if (errno == EAGAIN) return false;
        // The news of an earlier datagram that nobody took comes with a later one.
        if (errno == ECONNREFUSED && addresses_[address_].transport == LogServer::Transport::udp &&
            refusals_++ == 0)
            return true;
        const bool is_lost =
            addresses_[address_].transport == LogServer::Transport::udp || errno == EMSGSIZE;
        if (!datagrams || !is_lost) {
            lose();
            return false;
        }
        ++undelivered_;
    } else {
        last_progress_ = Clock::now();
        sent_ += static_cast<std::size_t>(n);
        if (!datagrams && sent_ < queue_.front().size()) return true;
    }
    refusals_ = 0;
    queued_ -= queue_.front().size();
    queue_.pop_front();
    sent_ = 0;
    return true;
}

void LogDelivery::act() {
    if (retry_at_) connect();
    if (!socket_.valid()) return;
    if (connecting_) {
        if (!is_connected()) {
            if (!socket_.valid()) lose();
            return;
        }
        last_progress_ = Clock::now();
    }
    if (!is_secured()) {
        if (!socket_.valid()) lose();
        return;
    }
    if (socket_type(addresses_[address_].transport) == SOCK_STREAM && !drop_answers())
        return lose();
    while (!queue_.empty() && send_front()) {
    }
}

void LogDelivery::give_up() {
    undelivered_ += queue_.size();
    queue_.clear();
    queued_ = 0;
    sent_ = 0;
    if (tls_ && socket_.valid() && !connecting_) take_leave();
}

/// To close a connection with something in it that we did not read (a TLS server sends tickets
/// that nobody needs) is a reset, which may cost the server what it has not read yet.
void LogDelivery::take_leave() {
    tls_->end();
    shutdown(socket_.get(), SHUT_WR);
    const auto deadline = Clock::now() + patience_with_an_end;
    std::array<char, 512> answer;
    for (;;) {
        pollfd entry{socket_.get(), POLLIN, 0};
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0 || poll(&entry, 1, static_cast<int>(left.count())) <= 0) break;
        if (recv(socket_.get(), answer.data(), answer.size(), MSG_DONTWAIT) <= 0) break;
    }
    socket_.reset();
    securing_ = false;
}

}  // namespace skiff::monitor
