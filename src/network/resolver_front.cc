// SPDX-License-Identifier: Apache-2.0
#include "network/resolver_front.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/udp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "base/error.h"
#include "network/reply_header.h"

namespace skiff::network {
namespace {

constexpr std::uint16_t dns_port = 53;
constexpr std::size_t most_connections = 64;
constexpr unsigned most_questions = 16;  ///< of one connection at a time
constexpr std::size_t length_prefix = 2;

/// Where the answer to a packet goes: its headers, turned round.
struct ReturnPath {
    std::array<std::uint8_t, ethernet_header> ethernet{};
    int family = AF_INET;
    in6_addr from{};
    in6_addr to{};
    std::uint16_t from_port = 0;
    std::uint16_t to_port = 0;
};

ReturnPath turn_round(const Packet& packet, Bytes frame) {
    constexpr std::size_t address = 6;
    ReturnPath path;
    std::copy_n(frame.begin() + address, address, path.ethernet.begin());
    std::copy_n(frame.begin(), address, path.ethernet.begin() + address);
    std::copy_n(frame.begin() + 2 * address, 2, path.ethernet.begin() + 2 * address);
    path.family = packet.family;
    path.from = packet.destination;
    path.to = packet.source;
    path.from_port = packet.destination_port;
    path.to_port = packet.source_port;
    return path;
}

std::size_t headers_of(int family) {
    return (family == AF_INET ? sizeof(ip) : sizeof(ip6_hdr)) + sizeof(udphdr);
}

std::vector<std::uint8_t> udp_frame(const ReturnPath& path, Bytes payload) {
    const std::size_t length = sizeof(udphdr) + payload.size();
    udphdr header{};
    header.uh_sport = htons(path.from_port);
    header.uh_dport = htons(path.to_port);
    header.uh_ulen = htons(static_cast<std::uint16_t>(length));
    std::vector<std::uint8_t> segment;
    append_header(segment, header);
    segment.insert(segment.end(), payload.begin(), payload.end());
    std::uint16_t sum =
        checksum(segment, pseudo_header_sum(path.family, path.from, path.to, IPPROTO_UDP, length));
    if (sum == 0) sum = 0xffff;  // RFC 768: zero means that there is none
    std::memcpy(segment.data() + offsetof(udphdr, uh_sum), &sum, sizeof sum);

    std::vector<std::uint8_t> frame(path.ethernet.begin(), path.ethernet.end());
    append_ip_header(frame, path.family, path.from, path.to, IPPROTO_UDP, length);
    frame.insert(frame.end(), segment.begin(), segment.end());
    return frame;
}

}  // namespace

DatagramFront::DatagramFront(Resolver& resolver, Link& link, const HelperConfig& config)
    : resolver_(resolver),
      link_(link),
      address_(mapped(config.resolver)),
      address6_(config.resolver6),
      mtu_(config.mtu) {}

bool DatagramFront::take(const Packet& packet, Bytes frame) {
    if (packet.transport != Transport::udp || packet.fragment ||
        packet.destination_port != dns_port ||
        (!IN6_ARE_ADDR_EQUAL(&packet.destination, &address_) &&
         !IN6_ARE_ADDR_EQUAL(&packet.destination, &address6_)))
        return false;
    const ReturnPath path = turn_round(packet, frame);
    const std::size_t room = mtu_ - headers_of(path.family);
    const auto reply = [this, path, room,
                        question = std::vector<std::uint8_t>(packet.payload.begin(),
                                                             packet.payload.end())](Bytes message) {
        if (message.size() <= room) return link_.send(udp_frame(path, message));
        if (const auto query = parse_query(question))
            link_.send(udp_frame(path, make_truncated(*query)));
    };
    resolver_.ask(packet.payload, Resolver::Transport::udp, reply);
    return true;
}

/// Our end of one stream: questions come in, each with its length, and answers go out as they
/// arrive.
class StreamFront::Connection final : private EventHandler,
                                      public std::enable_shared_from_this<Connection> {
  public:
    Connection(StreamFront& front, Fd socket) : front_(front), socket_(std::move(socket)) {
        front_.loop_.add(socket_.get(), EPOLLIN, *this);
    }
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { front_.loop_.remove(socket_.get()); }

  private:
    void on_ready(int, std::uint32_t events) override {
        const auto self = shared_from_this();  // `end` would take it away below our feet
        if ((events & EPOLLOUT) != 0) flush();
        if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) receive();
    }

    void receive() {
        std::array<std::uint8_t, 4096> block;
        const ssize_t n = recv(socket_.get(), block.data(), block.size(), 0);
        if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (n <= 0) return end();
        input_.insert(input_.end(), block.begin(), block.begin() + n);
        ask();
    }

    void ask() {
        while (open_questions_ < most_questions && input_.size() >= length_prefix) {
            const std::size_t length = static_cast<std::size_t>(input_[0] << 8U | input_[1]);
            if (input_.size() < length_prefix + length) break;
            const std::vector<std::uint8_t> message(
                input_.begin() + length_prefix,
                input_.begin() + static_cast<std::ptrdiff_t>(length_prefix + length));
            input_.erase(input_.begin(),
                         input_.begin() + static_cast<std::ptrdiff_t>(length_prefix + length));
            if (!parse_query(message)) return end();
            ++open_questions_;
            front_.resolver_.ask(message, Resolver::Transport::tcp,
                                 [weak = weak_from_this()](Bytes reply) {
                                     if (const auto self = weak.lock()) self->answer(reply);
                                 });
        }
        watch();
    }

    void answer(Bytes reply) {
        --open_questions_;
        output_.push_back(static_cast<std::uint8_t>(reply.size() >> 8U));
        output_.push_back(static_cast<std::uint8_t>(reply.size() & 0xffU));
        output_.insert(output_.end(), reply.begin(), reply.end());
        flush();
        if (socket_.valid()) ask();
    }

    void flush() {
        const ssize_t n =
            send(socket_.get(), output_.data(), output_.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n < 0 && errno != EAGAIN && errno != EINTR) return end();
        if (n > 0) output_.erase(output_.begin(), output_.begin() + n);
        watch();
    }

    /// With enough open questions nothing more is read, and the stream's own window says so.
    void watch() {
        if (!socket_.valid()) return;
        std::uint32_t events = output_.empty() ? 0U : static_cast<std::uint32_t>(EPOLLOUT);
        if (open_questions_ < most_questions) events |= EPOLLIN;
        front_.loop_.change(socket_.get(), events);
    }

    void end() {
        front_.loop_.remove(socket_.get());
        socket_.reset();
        front_.forget(*this);
    }

    StreamFront& front_;
    Fd socket_;
    std::vector<std::uint8_t> input_;
    std::vector<std::uint8_t> output_;
    unsigned open_questions_ = 0;
};

StreamFront::~StreamFront() = default;

Fd StreamFront::open() {
    if (connections_.size() >= most_connections) return Fd();
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) < 0)
        return Fd();
    connections_.push_back(std::make_shared<Connection>(*this, Fd(ends[0])));
    return Fd(ends[1]);
}

void StreamFront::forget(Connection& connection) {
    std::erase_if(connections_, [&](const auto& held) { return held.get() == &connection; });
}

}  // namespace skiff::network
