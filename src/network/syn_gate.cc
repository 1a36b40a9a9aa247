// SPDX-License-Identifier: Apache-2.0
#include "network/syn_gate.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "network/syn_answer.h"

namespace skiff::network {
namespace {

constexpr int accepts_of_turn = 64;
// Longer than a kernel tries to connect by itself (net.ipv4.tcp_syn_retries): after it an answer
// would find nobody.
constexpr std::chrono::seconds longest_connect{150};
// From the answer to the connection: the container's kernel repeats its SYN after 1, 3 and 7 s.
constexpr std::chrono::seconds longest_admission{15};
constexpr std::chrono::seconds sweep_interval{5};
// What is kept of a connection that is on its way. No kernel fills more with a first segment unless
// it has data (TCP Fast Open), and then it comes again without.
constexpr std::size_t largest_first_frame = 2048;
constexpr std::size_t most_connecting = 4096;

int socket_error(int fd) {
    int error = 0;
    socklen_t size = sizeof error;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) return errno;
    return error;
}

bool same(const in6_addr& a, const in6_addr& b) {
    return std::memcmp(&a, &b, sizeof a) == 0;
}

}  // namespace

FindDestination make_find_destination(const HelperConfig& config, std::function<Fd()> open_stream) {
    constexpr std::uint16_t domain_port = 53;
    const std::array gateways{mapped(config.gateway), config.gateway6};
    const std::array resolvers{mapped(config.resolver), config.resolver6};
    return [=, open = config.host_loopback](const Packet& packet) -> Destination {
        const std::uint16_t port = packet.destination_port;
        const auto is_destination = [&](const in6_addr& address) {
            return same(address, packet.destination);
        };
        if (std::ranges::any_of(resolvers, is_destination)) {
            if (port != domain_port) return {};
            return {std::nullopt, open_stream()};
        }
        if (std::ranges::any_of(gateways, is_destination)) {
            if (!open) return {};
            if (packet.family == AF_INET6) return {Endpoint(in6addr_loopback, port), {}};
            return {Endpoint(in_addr{htonl(INADDR_LOOPBACK)}, port), {}};
        }
        if (means_the_host(packet.destination)) return {};
        return {Endpoint::from_mapped(packet.destination, port), {}};
    };
}

SynGate::SynGate(EventLoop& loop, Link& link, FlowSet& flows, const HelperConfig& config,
                 FindDestination find, std::vector<Fd> listeners)
    : loop_(loop),
      link_(link),
      flows_(flows),
      find_(std::move(find)),
      own4_(mapped(config.address)),
      own6_(config.address6),
      listeners_(std::move(listeners)) {
    for (const Fd& listener : listeners_) {
        int family = 0;
        socklen_t size = sizeof family;
        getsockopt(listener.get(), SOL_SOCKET, SO_DOMAIN, &family, &size);
        (family == AF_INET6 ? ipv6_ : ipv4_) = true;
        loop_.add(listener.get(), EPOLLIN, *this);
    }
}

SynGate::~SynGate() {
    for (const Fd& listener : listeners_) loop_.remove(listener.get());
    for (const auto& [fd, pending] : connecting_) loop_.remove(fd);
}

SynGate::Key SynGate::key_of(const in6_addr& source, std::uint16_t source_port,
                             const in6_addr& destination, std::uint16_t destination_port) {
    Key key;
    std::memcpy(key.bytes.data(), &source, sizeof source);
    std::memcpy(key.bytes.data() + 16, &destination, sizeof destination);
    std::memcpy(key.bytes.data() + 32, &source_port, sizeof source_port);
    std::memcpy(key.bytes.data() + 34, &destination_port, sizeof destination_port);
    return key;
}

bool SynGate::take(const Packet& packet, Bytes frame) {
    if (packet.transport != Transport::tcp || packet.fragment) return false;
    if (packet.family == AF_INET6 ? !ipv6_ : !ipv4_) return false;
    // Only the container's own kernel sends through here, and of TCP only first segments: anything
    // else is forged, and has no connection.
    if (!same(packet.source, packet.family == AF_INET6 ? own6_ : own4_)) return true;
    if ((packet.tcp_flags & (TH_SYN | TH_ACK | TH_RST | TH_FIN)) != TH_SYN) return true;
    const Key key =
        key_of(packet.source, packet.source_port, packet.destination, packet.destination_port);
    const auto found = pending_.find(key);
    if (found == pending_.end()) {
        begin(packet, frame, key);
    } else if (found->second.admitted) {
        // Once more: the first one met a full queue. Another one may also belong to a new
        // connection of the same numbers.
        write_back(frame);
    }
    return true;
}

void SynGate::begin(const Packet& packet, Bytes frame, const Key& key) {
    // The container tries again. Forged first segments to where nobody answers must not fill the
    // helper: each is a socket of the host for minutes.
    if (flows_.full() || connecting_.size() >= most_connecting) return;
    if (frame.size() > largest_first_frame) return;
    Destination destination = find_(packet);
    const bool is_stream = destination.stream.valid();
    if (!is_stream && !destination.endpoint) return refuse(packet, frame, ECONNREFUSED);
    Fd host = std::move(destination.stream);
    bool connected = is_stream;
    if (!is_stream) {
        const Endpoint& to = *destination.endpoint;
        host = Fd(::socket(to.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        if (!host.valid()) return refuse(packet, frame, errno);
        connected = ::connect(host.get(), to.get(), to.size()) == 0;
        if (!connected && errno != EINPROGRESS) return refuse(packet, frame, errno);
        // Within the host it may be there already, or refused, which a second call tells.
        if (!connected) connected = ::connect(host.get(), to.get(), to.size()) == 0;
        if (!connected && errno != EALREADY && errno != EINPROGRESS)
            return refuse(packet, frame, errno);
    }
    flows_.reserve();
    const auto [entry, is_new] = pending_.emplace(
        key, Pending{std::move(host), {frame.begin(), frame.end()}, false, Clock::now()});
    if (!std::exchange(sweeping_, true)) loop_.add_timer(sweep_interval, [this] { sweep(); });
    if (connected) return admit(entry->second);
    const int fd = entry->second.host.get();
    connecting_[fd] = entry;
    loop_.add(fd, EPOLLOUT, *this);
}

void SynGate::admit(Pending& pending) {
    pending.admitted = true;
    pending.since = Clock::now();
    write_back(pending.frame);
}

/// As if it had come from the gateway: a kernel takes no frame that is for another hardware
/// address.
void SynGate::write_back(Bytes frame) {
    constexpr std::size_t hardware_size = 6;
    std::vector<std::uint8_t> turned(frame.begin(), frame.end());
    std::swap_ranges(turned.begin(), turned.begin() + hardware_size,
                     turned.begin() + hardware_size);
    link_.send(turned);
}

/// The destination has answered, or the kernel has given up.
void SynGate::answer(PendingMap::iterator found) {
    Pending& pending = found->second;
    const int error = socket_error(pending.host.get());
    if (error == 0) return admit(pending);
    if (const auto packet = parse_packet(pending.frame)) refuse(*packet, pending.frame, error);
    drop(found);
}

void SynGate::refuse(const Packet& packet, Bytes frame, int error) {
    const std::vector<std::uint8_t> answer = syn_answer(packet, frame, error);
    if (!answer.empty()) link_.send(answer);
}

void SynGate::drop(PendingMap::iterator found) {
    const int fd = found->second.host.get();
    if (fd >= 0 && connecting_.erase(fd) > 0) loop_.remove(fd);
    pending_.erase(found);
    flows_.release();
}

void SynGate::on_ready(int fd, std::uint32_t) {
    const auto found = connecting_.find(fd);
    if (found == connecting_.end()) return accept(fd);
    const auto entry = found->second;
    connecting_.erase(found);
    loop_.remove(fd);
    answer(entry);
}

void SynGate::accept(int listener) {
    for (int i = 0; i < accepts_of_turn; ++i) {
        Endpoint source;
        Endpoint destination;
        socklen_t size = Endpoint::room_size;
        Fd inside(accept4(listener, source.room(), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!inside.valid()) return;
        size = Endpoint::room_size;
        if (getsockname(inside.get(), destination.room(), &size) < 0) continue;
        const auto found = pending_.find(key_of(source.mapped_address(), source.port(),
                                                destination.mapped_address(), destination.port()));
        // Nobody waits for it: the host's side was given up, or the container reached the listener
        // by a way of its own.
        if (found == pending_.end() || !found->second.admitted) {
            const linger at_once{1, 0};
            setsockopt(inside.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
            continue;
        }
        Fd host = std::move(found->second.host);
        drop(found);
        flows_.join(std::move(inside), std::move(host));
    }
}

void SynGate::sweep() {
    const auto now = Clock::now();
    for (auto entry = pending_.begin(); entry != pending_.end();) {
        const auto current = entry++;
        const auto age = now - current->second.since;
        if (age > longest_connect || (current->second.admitted && age > longest_admission))
            drop(current);
    }
    sweeping_ = !pending_.empty();
    if (sweeping_) loop_.add_timer(sweep_interval, [this] { sweep(); });
}

}  // namespace skiff::network
