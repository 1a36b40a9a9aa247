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
constexpr int first_connection_ms = 10'000;
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
    last_progress_ = Clock::now();
    for (address_ = 0; address_ < addresses_.size(); ++address_) {
        if (!begin_connection(addresses_[address_])) {
            reason = std::strerror(errno);
            continue;
        }
        pollfd entry{socket_.get(), POLLOUT, 0};
        if (connecting_ && !settings_.connects_later) poll(&entry, 1, first_connection_ms);
        if (settings_.connects_later || is_connected()) return;
        reason = connecting_ ? "i/o timeout" : std::strerror(errno);
    }
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

/// False, and errno, when it failed at once.
bool LogDelivery::begin_connection(const Address& address) {
    const auto* where = reinterpret_cast<const sockaddr*>(address.bytes.data());
    socket_.reset(::socket(where->sa_family,
                           socket_type(address.transport) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket_.valid()) return false;
    connecting_ = false;
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
    return connecting_ || pending() ? POLLOUT : POLLIN;
}

void LogDelivery::lose() {
    socket_.reset();
    connecting_ = false;
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

/// False when nothing more can be done now.
bool LogDelivery::send_front() {
    const std::string_view rest = std::string_view(queue_.front()).substr(sent_);
    const ssize_t n = send(socket_.get(), rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
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
    if (socket_type(addresses_[address_].transport) == SOCK_STREAM) {
        // Answers that nobody asked for are taken away; an end is noticed before something is sent
        // into it.
        std::array<char, 512> answer;
        ssize_t n = 0;
        while ((n = recv(socket_.get(), answer.data(), answer.size(), MSG_DONTWAIT)) > 0) {
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) return lose();
    }
    while (!queue_.empty() && send_front()) {
    }
}

void LogDelivery::give_up() {
    undelivered_ += queue_.size();
    queue_.clear();
    queued_ = 0;
    sent_ = 0;
}

}  // namespace skiff::monitor
