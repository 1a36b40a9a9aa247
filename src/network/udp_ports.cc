// SPDX-License-Identifier: Apache-2.0
#include "network/udp_ports.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <tuple>

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/error.h"
#include "network/frame.h"

namespace skiff::network {
namespace {

constexpr int datagrams_of_turn = 64;
constexpr std::size_t largest_datagram = 65536;
constexpr std::chrono::seconds sweep_interval{10};

/// Where a datagram went to, or comes from: IP_PKTINFO of both families.
struct PacketInfo {
    in6_addr local{};
    unsigned interface = 0;
};

class ControlData {
  public:
    void prepare(msghdr& message) {
        message.msg_control = room_.data();
        message.msg_controllen = room_.size();
    }
    static PacketInfo read(msghdr& message) {
        PacketInfo info;
        for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr;
             part = CMSG_NXTHDR(&message, part)) {
            if (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_PKTINFO) {
                in_pktinfo value;
                std::memcpy(&value, CMSG_DATA(part), sizeof value);
                info.local = mapped(value.ipi_addr);
                info.interface = static_cast<unsigned>(value.ipi_ifindex);
            } else if (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
                in6_pktinfo value;
                std::memcpy(&value, CMSG_DATA(part), sizeof value);
                info.local = value.ipi6_addr;
                info.interface = static_cast<unsigned>(value.ipi6_ifindex);
            }
        }
        return info;
    }
    void write(msghdr& message, int family, const PacketInfo& info) {
        prepare(message);
        std::ranges::fill(room_, char{0});
        if (family == AF_INET6) {
            in6_pktinfo value{info.local, 0};
            if (IN6_IS_ADDR_LINKLOCAL(&info.local)) value.ipi6_ifindex = info.interface;
            put(message, IPPROTO_IPV6, IPV6_PKTINFO, &value, sizeof value);
        } else {
            in_pktinfo value{};
            std::memcpy(&value.ipi_spec_dst, info.local.s6_addr + 12, sizeof value.ipi_spec_dst);
            put(message, IPPROTO_IP, IP_PKTINFO, &value, sizeof value);
        }
    }

  private:
    void put(msghdr& message, int level, int type, const void* value, std::size_t size) {
        message.msg_controllen = CMSG_SPACE(size);
        cmsghdr* const part = CMSG_FIRSTHDR(&message);
        part->cmsg_level = level;
        part->cmsg_type = type;
        part->cmsg_len = CMSG_LEN(size);
        std::memcpy(CMSG_DATA(part), value, size);
    }

    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(in6_pktinfo)) * 2> room_{};
};

}  // namespace

bool UdpPorts::Key::operator<(const Key& other) const {
    const in6_addr mine = client.mapped_address();
    const in6_addr theirs = other.client.mapped_address();
    if (const int order = std::memcmp(&mine, &theirs, sizeof mine); order != 0) return order < 0;
    if (const int order = std::memcmp(&local, &other.local, sizeof local); order != 0)
        return order < 0;
    return std::tuple(port_socket, client.port()) <
           std::tuple(other.port_socket, other.client.port());
}

UdpPorts::UdpPorts(EventLoop& loop, Inside& inside, std::size_t most_sessions)
    : loop_(loop), inside_(inside), most_sessions_(std::max<std::size_t>(1, most_sessions)) {}

UdpPorts::~UdpPorts() {
    for (const auto& [fd, port] : ports_) loop_.remove(fd);
    for (const auto& [fd, session] : by_socket_) loop_.remove(fd);
}

void UdpPorts::publish(Fd socket, std::uint16_t port) {
    int family = 0;
    socklen_t size = sizeof family;
    if (getsockopt(socket.get(), SOL_SOCKET, SO_DOMAIN, &family, &size) < 0)
        throw SystemError(errno, "cannot publish a UDP port");
    const int on = 1;
    const bool six = family == AF_INET6;
    if (setsockopt(socket.get(), six ? IPPROTO_IPV6 : IPPROTO_IP,
                   six ? IPV6_RECVPKTINFO : IP_PKTINFO, &on, sizeof on) < 0)
        throw SystemError(errno, "cannot publish a UDP port");
    const int fd = socket.get();
    ports_[fd] = {std::move(socket), port, family};
    loop_.add(fd, EPOLLIN, *this);
}

void UdpPorts::on_ready(int fd, std::uint32_t) {
    if (const auto port = ports_.find(fd); port != ports_.end())
        return take_from_clients(port->second);
    if (const auto session = by_socket_.find(fd); session != by_socket_.end())
        take_from_container(session->second);
}

void UdpPorts::take_from_clients(Port& port) {
    buffer_.resize(largest_datagram);
    for (int i = 0; i < datagrams_of_turn; ++i) {
        Key key;
        key.port_socket = port.socket.get();
        iovec data{buffer_.data(), buffer_.size()};
        msghdr message{};
        message.msg_name = key.client.room();
        message.msg_namelen = Endpoint::room_size;
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        ControlData control;
        control.prepare(message);
        const ssize_t n = recvmsg(key.port_socket, &message, MSG_DONTWAIT);
        if (n < 0) return;  // none left; an error of an earlier answer is its client's
        const PacketInfo info = ControlData::read(message);
        key.local = info.local;
        const auto known = by_client_.find(key);
        auto session = known != by_client_.end()
                           ? known->second
                           : session_for(port, key, info.interface, port.family);
        if (session == sessions_.end()) continue;
        use(session);
        deliver(port, session, {buffer_.data(), static_cast<std::size_t>(n)});
    }
}

/// Within one kernel the refusal (ICMP) is there when send(2) returns.
void UdpPorts::deliver(Port& port, Sessions::iterator session, Bytes datagram) {
    const int fd = session->inside.get();
    const bool sent = send(fd, datagram.data(), datagram.size(), MSG_DONTWAIT) >= 0;
    int error = sent ? 0 : errno;
    if (session->by_ipv4 || session->answered) return;
    socklen_t size = sizeof error;
    if (sent) getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != ECONNREFUSED) return;
    const Key key = session->key;
    const unsigned interface = session->interface;
    end(session);
    const auto other = session_for(port, key, interface, AF_INET);
    if (other == sessions_.end()) return;
    send(other->inside.get(), datagram.data(), datagram.size(), MSG_DONTWAIT);
}

UdpPorts::Sessions::iterator UdpPorts::session_for(Port& port, const Key& key, unsigned interface,
                                                   int family) {
    const Endpoint server = inside_.container(family, port.port);
    if (sessions_.size() >= most_sessions_) end(sessions_.begin());
    Session session{key, interface, {}, family == AF_INET, false, Clock::now()};
    try {
        session.inside = inside_.connect(SOCK_DGRAM, key.client, server);
    } catch (const Error&) {
        return sessions_.end();  // as lost on the way
    }
    const int fd = session.inside.get();
    sessions_.push_back(std::move(session));
    const auto added = std::prev(sessions_.end());
    by_client_[key] = added;
    by_socket_[fd] = added;
    loop_.add(fd, EPOLLIN, *this);
    if (!std::exchange(sweeping_, true)) loop_.add_timer(sweep_interval, [this] { sweep(); });
    return added;
}

void UdpPorts::take_from_container(Sessions::iterator session) {
    buffer_.resize(largest_datagram);
    const int family = session->key.client.family();
    for (int i = 0; i < datagrams_of_turn; ++i) {
        const ssize_t n = recv(session->inside.get(), buffer_.data(), buffer_.size(), MSG_DONTWAIT);
        if (n < 0) return;  // nothing more, or a refusal, which nobody can be told of
        session->answered = true;
        use(session);
        Endpoint client = session->key.client;
        iovec data{buffer_.data(), static_cast<std::size_t>(n)};
        msghdr message{};
        message.msg_name = client.room();
        message.msg_namelen = client.size();
        message.msg_iov = &data;
        message.msg_iovlen = 1;
        ControlData control;
        control.write(message, family, {session->key.local, session->interface});
        // What does not fit into the queue is lost, as on any wire.
        sendmsg(session->key.port_socket, &message, MSG_DONTWAIT);
    }
}

void UdpPorts::use(Sessions::iterator session) {
    session->used = Clock::now();
    sessions_.splice(sessions_.end(), sessions_, session);
}

void UdpPorts::end(Sessions::iterator session) {
    loop_.remove(session->inside.get());
    by_client_.erase(session->key);
    by_socket_.erase(session->inside.get());
    sessions_.erase(session);
}

void UdpPorts::sweep() {
    const auto limit = Clock::now() - idle_time;
    while (!sessions_.empty() && sessions_.front().used < limit) end(sessions_.begin());
    sweeping_ = !sessions_.empty();
    if (sweeping_) loop_.add_timer(sweep_interval, [this] { sweep(); });
}

}  // namespace skiff::network
