// SPDX-License-Identifier: Apache-2.0
#include "network/resolver.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>

#include "base/error.h"
#include "base/text.h"
#include "network/netlink.h"

namespace skiff::network {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t most_servers = 3;
constexpr std::size_t most_exchanges = 512;  ///< a container that asks more loses its oldest
constexpr unsigned rounds = 2;
constexpr std::chrono::milliseconds patience{1000};
constexpr std::size_t largest_message = 65535;
constexpr std::size_t length_prefix = 2;  ///< RFC 1035 4.2.2

bool parse_server(std::string_view text, NameServer& server) {
    const Cut parts = cut(text, '%');
    const std::string address(parts.before);
    sockaddr_in ipv4{};
    if (!parts.found && inet_pton(AF_INET, address.c_str(), &ipv4.sin_addr) == 1) {
        ipv4.sin_family = AF_INET;
        ipv4.sin_port = htons(dns_port);
        std::memcpy(&server.address, &ipv4, sizeof ipv4);
        server.length = sizeof ipv4;
        return true;
    }
    sockaddr_in6 ipv6{};
    if (inet_pton(AF_INET6, address.c_str(), &ipv6.sin6_addr) != 1) return false;
    ipv6.sin6_family = AF_INET6;
    ipv6.sin6_port = htons(dns_port);
    if (parts.found) {
        try {
            ipv6.sin6_scope_id = interface_index(std::string(parts.after));
        } catch (const SystemError&) {
            return false;
        }
    }
    std::memcpy(&server.address, &ipv6, sizeof ipv6);
    server.length = sizeof ipv6;
    return true;
}

}  // namespace

std::vector<NameServer> parse_name_servers(std::string_view resolv_conf) {
    std::vector<NameServer> servers;
    for (std::string_view line : split(resolv_conf, '\n')) {
        constexpr std::string_view keyword = "nameserver";
        if (!line.starts_with(keyword)) continue;
        line.remove_prefix(keyword.size());
        if (line.empty() || (line.front() != ' ' && line.front() != '\t')) continue;
        line = trim(line);
        line = line.substr(0, line.find_first_of(" \t#;"));
        NameServer server;
        if (servers.size() < most_servers && parse_server(line, server)) servers.push_back(server);
    }
    if (servers.empty()) {
        servers.emplace_back();
        parse_server("127.0.0.1", servers.back());
    }
    return servers;
}

/// One question on its way. Datagrams: every server that was asked may still answer, the first one
/// wins. Streams: one at a time.
class Resolver::Exchange final : private EventHandler {
  public:
    Exchange(Resolver& resolver, Bytes message, Transport transport, Reply reply)
        : resolver_(resolver),
          message_(message.begin(), message.end()),
          transport_(transport),
          reply_(std::move(reply)),
          servers_(resolver.servers_) {}
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;
    ~Exchange() { close_sockets(); }

    bool is_query() {
        const auto query = parse_query(message_);
        if (query) query_ = *query;
        return query.has_value();
    }

    /// Asks the next server; the end of the list is the end.
    void begin_next() {
        resolver_.loop_.cancel(timer_);
        for (; asked_ < servers_.size() * rounds; ++asked_) {
            const NameServer& server = servers_[asked_ % servers_.size()];
            if (!connect_to(server)) continue;
            ++asked_;
            timer_ = resolver_.loop_.add_timer(patience, [this] { begin_next(); });
            return;
        }
        fail();
    }

    const DnsQuery& query() const { return query_; }

    /// Later, as every reply: whoever asks is still at it.
    void deny() {
        timer_ = resolver_.loop_.add_timer(std::chrono::milliseconds(0), [this] {
            finish(make_reply(query_, DnsCode::no_such_name));
        });
    }

    void fail() {
        finish(failure_.empty() ? make_reply(query_, DnsCode::server_failure) : failure_);
    }

  private:
    bool connect_to(const NameServer& server) {
        if (transport_ == Transport::tcp) close_sockets();
        const int type = transport_ == Transport::tcp ? SOCK_STREAM : SOCK_DGRAM;
        // Connected: what another sender sends does not get in. A port of its own for each
        // question: nobody guesses it.
        Fd made(socket(server.address.ss_family, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!made.valid()) return false;
        const auto* address = reinterpret_cast<const sockaddr*>(&server.address);
        if (connect(made.get(), address, server.length) < 0 && errno != EINPROGRESS) return false;
        if (transport_ == Transport::udp) {
            if (send(made.get(), message_.data(), message_.size(), 0) < 0) return false;
            resolver_.loop_.add(made.get(), EPOLLIN, *this);
        } else {
            unsent_ = stream_form();
            received_.clear();
            resolver_.loop_.add(made.get(), EPOLLOUT, *this);
        }
        sockets_.push_back(std::move(made));
        return true;
    }

    std::vector<std::uint8_t> stream_form() const {
        std::vector<std::uint8_t> data{static_cast<std::uint8_t>(message_.size() >> 8U),
                                       static_cast<std::uint8_t>(message_.size() & 0xffU)};
        data.insert(data.end(), message_.begin(), message_.end());
        return data;
    }

    void on_ready(int fd, std::uint32_t) override {
        if (transport_ == Transport::udp) {
            read_datagram(fd);
        } else if (!unsent_.empty()) {
            write_stream(fd);
        } else {
            read_stream(fd);
        }
    }

    void read_datagram(int fd) {
        const ssize_t n = recv(fd, resolver_.buffer_.get(), largest_message, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n < 0) return give_up_on(fd);  // an ICMP error: nobody is there
        take({resolver_.buffer_.get(), static_cast<std::size_t>(n)}, fd);
    }

    void write_stream(int fd) {
        const ssize_t n = send(fd, unsent_.data(), unsent_.size(), MSG_NOSIGNAL);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n < 0) return give_up_on(fd);
        unsent_.erase(unsent_.begin(), unsent_.begin() + n);
        if (unsent_.empty()) resolver_.loop_.change(fd, EPOLLIN);
    }

    void read_stream(int fd) {
        const ssize_t n = recv(fd, resolver_.buffer_.get(), largest_message, 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0) return give_up_on(fd);
        received_.insert(received_.end(), resolver_.buffer_.get(), resolver_.buffer_.get() + n);
        if (received_.size() < length_prefix) return;
        const std::size_t length = static_cast<std::size_t>(received_[0] << 8U | received_[1]);
        if (received_.size() >= length_prefix + length)
            take(Bytes(received_).subspan(length_prefix, length), fd);
    }

    void take(Bytes message, int fd) {
        if (!answers(message, query_)) {
            // A datagram may be anybody's guess; a stream that says something else is no server's.
            if (transport_ == Transport::tcp) give_up_on(fd);
            return;
        }
        const unsigned code = response_code(message);
        const bool another_may_know = code == static_cast<unsigned>(DnsCode::server_failure) ||
                                      code == static_cast<unsigned>(DnsCode::refused);
        if (!another_may_know) return finish({message.begin(), message.end()});
        failure_.assign(message.begin(), message.end());
        give_up_on(fd);
    }

    /// The next one at once: there is nothing to wait for any more, unless others are being asked.
    void give_up_on(int fd) {
        resolver_.loop_.remove(fd);
        std::erase_if(sockets_, [&](const Fd& socket) { return socket.get() == fd; });
        begin_next();
    }

    void finish(const std::vector<std::uint8_t>& message) {
        resolver_.loop_.cancel(timer_);
        close_sockets();
        const Reply reply = std::move(reply_);
        if (resolver_.filter_ != nullptr) resolver_.filter_->learn(query_, message);
        resolver_.forget(*this);
        reply(message);
    }

    void close_sockets() {
        resolver_.loop_.cancel(timer_);
        for (const Fd& socket : sockets_) resolver_.loop_.remove(socket.get());
        sockets_.clear();
    }

    Resolver& resolver_;
    const std::vector<std::uint8_t> message_;
    const Transport transport_;
    Reply reply_;
    const std::vector<NameServer> servers_;
    DnsQuery query_;
    std::size_t asked_ = 0;
    std::vector<Fd> sockets_;
    std::vector<std::uint8_t> unsent_;
    std::vector<std::uint8_t> received_;
    std::vector<std::uint8_t> failure_;  ///< what the last server said that could not help
    EventLoop::TimerId timer_{};
};

Resolver::Resolver(EventLoop& loop, std::string_view resolv_conf)
    : loop_(loop),
      servers_(parse_name_servers(resolv_conf)),
      buffer_(std::make_unique_for_overwrite<std::uint8_t[]>(largest_message)) {}

Resolver::~Resolver() = default;

void Resolver::set_servers(std::string_view resolv_conf) {
    servers_ = parse_name_servers(resolv_conf);
}

void Resolver::ask(Bytes message, Transport transport, Reply reply) {
    auto exchange = std::make_unique<Exchange>(*this, message, transport, std::move(reply));
    if (!exchange->is_query()) return;
    if (exchanges_.size() >= most_exchanges) exchanges_.front()->fail();
    exchanges_.push_back(std::move(exchange));
    Exchange& asked = *exchanges_.back();
    if (filter_ == nullptr || filter_->allows(asked.query())) {
        asked.begin_next();
    } else {
        asked.deny();
    }
}

void Resolver::forget(Exchange& exchange) {
    const auto it = std::find_if(exchanges_.begin(), exchanges_.end(),
                                 [&](const auto& held) { return held.get() == &exchange; });
    if (it == exchanges_.end()) return;
    if (ended_.empty()) loop_.add_timer(std::chrono::milliseconds(0), [this] { ended_.clear(); });
    ended_.push_back(std::move(*it));
    exchanges_.erase(it);
}

}  // namespace skiff::network
