// SPDX-License-Identifier: Apache-2.0
#include "wire_world.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <future>
#include <mutex>

#include <fcntl.h>
#include <sched.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/file.h"
#include "network/netlink.h"

namespace skiff::network {
namespace {

template <typename T>
Bytes bytes_of(const T& value) {
    return {reinterpret_cast<const std::uint8_t*>(&value), sizeof value};
}

void require(const std::vector<int>& answers) {
    for (const int error : answers)
        if (error != 0) throw SystemError(error, "cannot make the test's networks");
}

NetlinkMessage up(unsigned index) {
    ifinfomsg link{};
    link.ifi_index = static_cast<int>(index);
    link.ifi_flags = link.ifi_change = IFF_UP;
    return NetlinkMessage::of(RTM_NEWLINK, 0, link);
}

NetlinkMessage address(unsigned index, const Endpoint& endpoint, std::uint8_t prefix) {
    ifaddrmsg header{};
    header.ifa_family = static_cast<std::uint8_t>(endpoint.family());
    header.ifa_prefixlen = prefix;
    if (endpoint.family() == AF_INET6) header.ifa_flags = IFA_F_NODAD;
    header.ifa_index = index;
    NetlinkMessage message = NetlinkMessage::of(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header);
    const in6_addr whole = endpoint.mapped_address();
    const Bytes bytes = bytes_of(whole);
    const Bytes value = endpoint.family() == AF_INET6 ? bytes : bytes.last(4);
    message.add(IFA_LOCAL, value).add(IFA_ADDRESS, value);
    return message;
}

NetlinkMessage neighbour(unsigned index, const Endpoint& endpoint,
                         const std::array<std::uint8_t, 6>& hardware) {
    ndmsg header{};
    header.ndm_family = static_cast<std::uint8_t>(endpoint.family());
    header.ndm_ifindex = static_cast<int>(index);
    header.ndm_state = NUD_PERMANENT;
    NetlinkMessage message = NetlinkMessage::of(RTM_NEWNEIGH, NLM_F_CREATE | NLM_F_REPLACE, header);
    const in6_addr whole = endpoint.mapped_address();
    const Bytes bytes = bytes_of(whole);
    message.add(NDA_DST, endpoint.family() == AF_INET6 ? bytes : bytes.last(4));
    message.add(NDA_LLADDR, Bytes(hardware));
    return message;
}

NetlinkMessage prohibited(const Endpoint& endpoint) {
    rtmsg header{};
    header.rtm_family = AF_INET;
    header.rtm_dst_len = 32;
    header.rtm_table = RT_TABLE_MAIN;
    header.rtm_protocol = RTPROT_BOOT;
    header.rtm_type = RTN_PROHIBIT;
    NetlinkMessage message = NetlinkMessage::of(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header);
    const in6_addr whole = endpoint.mapped_address();
    message.add(RTA_DST, bytes_of(whole).last(4));
    return message;
}

constexpr std::array<std::uint8_t, 6> remote_hardware{2, 0, 0, 0, 0, 5};
constexpr std::array<std::uint8_t, 6> nobodys_hardware{2, 0, 0, 0, 0, 0x77};
constexpr std::array<std::uint8_t, 6> helpers_hardware{2, 0, 0, 0, 0, 2};

/// Once per process, while it has one thread.
void become_root_of_a_namespace() {
    static bool done = false;
    if (std::exchange(done, true)) return;
    const uid_t uid = geteuid();
    const gid_t gid = getegid();
    if (uid == 0) return;
    if (unshare(CLONE_NEWUSER) < 0) throw SystemError(errno, "no user namespace");
    const auto write = [](const char* file, const std::string& text) {
        write_all(open_file(file, O_WRONLY).get(), text, file);
    };
    write("/proc/self/setgroups", "deny");
    write("/proc/self/uid_map", fmt::format("0 {} 1", uid));
    write("/proc/self/gid_map", fmt::format("0 {} 1", gid));
}

/// As the socket maker makes them.
Fd make_container_socket(SocketKind kind) {
    const bool six = kind == SocketKind::tcp6 || kind == SocketKind::udp6;
    const bool tcp = kind == SocketKind::tcp4 || kind == SocketKind::tcp6;
    Fd fd(::socket(six ? AF_INET6 : AF_INET,
                   (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    if (setsockopt(fd.get(), six ? SOL_IPV6 : SOL_IP, six ? IPV6_TRANSPARENT : IP_TRANSPARENT, &on,
                   sizeof on) < 0 ||
        setsockopt(fd.get(), SOL_SOCKET, SO_MARK, &local_mark, sizeof local_mark) < 0)
        throw SystemError(errno, "cannot make a socket of the container");
    return fd;
}

Fd new_network() {
    if (unshare(CLONE_NEWNET) < 0) throw SystemError(errno, "no network namespace");
    return open_file("/proc/thread-self/ns/net", O_RDONLY);
}

}  // namespace

/// Acts of other threads, for which the loop itself is not made.
class World::Acts final : public EventHandler {
  public:
    explicit Acts(EventLoop& loop) : loop_(loop), wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
        loop_.add(wake_.get(), EPOLLIN, *this);
    }
    ~Acts() { loop_.remove(wake_.get()); }

    void run(const std::function<void()>& act) {
        const auto done = std::make_shared<std::promise<void>>();
        std::future<void> finished = done->get_future();
        {
            const std::scoped_lock lock(mutex_);
            acts_.push_back([&act, done] {
                act();
                done->set_value();
            });
        }
        const std::uint64_t one = 1;
        if (write(wake_.get(), &one, sizeof one) < 0)
            throw SystemError(errno, "cannot wake the helper's thread");
        finished.wait();
    }
    void on_ready(int fd, std::uint32_t) override {
        std::uint64_t count = 0;
        if (read(fd, &count, sizeof count) < 0) return;
        std::vector<std::function<void()>> acts;
        {
            const std::scoped_lock lock(mutex_);
            acts.swap(acts_);
        }
        for (const auto& act : acts) act();
    }

  private:
    EventLoop& loop_;
    Fd wake_;
    std::mutex mutex_;
    std::vector<std::function<void()>> acts_;
};

/// What FramePath does in the helper, without libslirp: the gate, and nothing else.
class World::Frames final : public EventHandler {
  public:
    Frames(EventLoop& loop, Link& link, PacketFilter* filter)
        : loop_(loop), link_(link), filter_(filter) {
        loop_.add(link_.fd(), EPOLLIN, *this);
    }
    ~Frames() { loop_.remove(link_.fd()); }

    void on_ready(int fd, std::uint32_t) override {
        std::array<std::uint8_t, 70000> buffer;
        for (;;) {
            const ssize_t n = read(fd, buffer.data(), buffer.size());
            if (n <= 0) return;
            const Bytes frame(buffer.data(), static_cast<std::size_t>(n));
            const auto packet = parse_packet(frame);
            if (packet && filter_ != nullptr) filter_->take(*packet, frame);
        }
    }

  private:
    EventLoop& loop_;
    Link& link_;
    PacketFilter* filter_;
};

World::World(const Options& options) : config_(make_config(default_cidr)) {
    config_.host_loopback = options.host_loopback;
    become_root_of_a_namespace();
    make_namespaces();
    make_wire();
    make_container(options);
    enter(Place::host);
    flows_ = std::make_unique<FlowSet>(loop_, options.descriptors);
    inside_ =
        std::make_unique<Inside>(config_, paths_, [this](SocketKind kind, std::uint8_t count) {
            return in(Place::container, [&] {
                std::vector<Fd> sockets;
                for (unsigned i = 0; i < count; ++i) sockets.push_back(make_container_socket(kind));
                return sockets;
            });
        });
    tcp_ = std::make_unique<TcpPorts>(loop_, *flows_, *inside_);
    udp_ = std::make_unique<UdpPorts>(loop_, *inside_, options.descriptors / 4);
    if (!listeners_.empty())
        gate_ = std::make_unique<SynGate>(loop_, *link_, *flows_, config_,
                                          make_find_destination(config_, [] { return Fd(); }),
                                          std::move(listeners_));
    frames_ = std::make_unique<Frames>(loop_, *link_, gate_.get());
    acts_ = std::make_unique<Acts>(loop_);
    thread_ = std::thread([this] { loop_.run(); });
}

World::~World() {
    in_loop([this] { loop_.stop(); });
    thread_.join();
}

void World::enter(Place place) {
    if (setns(namespaces_[static_cast<int>(place)].get(), CLONE_NEWNET) < 0)
        throw SystemError(errno, "cannot enter a namespace of the test");
}

void World::make_namespaces() {
    for (const Place place : {Place::host, Place::container, Place::remote}) {
        namespaces_[static_cast<int>(place)] = new_network();
        Netlink netlink(NETLINK_ROUTE);
        require(netlink.request({up(1)}));
    }
}

void World::make_wire() {
    enter(Place::remote);
    Netlink remote(NETLINK_ROUTE);
    ifinfomsg peer{};
    NetlinkMessage make = NetlinkMessage::of(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, ifinfomsg{});
    make.add(IFLA_IFNAME, "wire").add(IFLA_ADDRESS, Bytes(remote_hardware));
    make.begin(IFLA_LINKINFO).add(IFLA_INFO_KIND, "veth").begin(IFLA_INFO_DATA);
    make.begin(VETH_INFO_PEER).raw(bytes_of(peer)).add(IFLA_IFNAME, "wire");
    make.add_number(IFLA_NET_NS_FD,
                    static_cast<std::uint32_t>(namespaces_[static_cast<int>(Place::host)].get()));
    make.end().end().end();
    require(remote.request({make}));
    const unsigned far = interface_index("wire");
    require(remote.request({up(far), address(far, at(remote_address, 0), 24),
                            address(far, at(remote_address6, 0), 64)}));
    enter(Place::host);
    Netlink host(NETLINK_ROUTE);
    const unsigned near = interface_index("wire");
    require(host.request({up(near), address(near, at(host_address, 0), 24),
                          address(near, at(host_address6, 0), 64),
                          neighbour(near, at(silent_address, 0), nobodys_hardware),
                          prohibited(at(prohibited_address, 0))}));
}

void World::wake_silent() {
    in(Place::remote, [] {
        Netlink netlink(NETLINK_ROUTE);
        require(netlink.request({address(interface_index("wire"), at(silent_address, 0), 24)}));
    });
    in(Place::host, [] {
        Netlink netlink(NETLINK_ROUTE);
        require(netlink.request(
            {neighbour(interface_index("wire"), at(silent_address, 0), remote_hardware)}));
    });
}

void World::make_container(const Options& options) {
    enter(Place::container);
    NewLink link = make_link(config_);
    config_.gate = options.gate;
    config_.udp_ports = options.udp_ports;
    paths_ = set_up_local_paths(config_);
    if (paths_.gate4) listeners_.push_back(make_gate_listener(AF_INET, config_));
    if (paths_.gate6) listeners_.push_back(make_gate_listener(AF_INET6, config_));
    // libslirp would answer for the gateway.
    Netlink netlink(NETLINK_ROUTE);
    const unsigned index = interface_index(interface_name);
    require(netlink.request({neighbour(index, Endpoint(config_.gateway, 0), helpers_hardware),
                             neighbour(index, Endpoint(config_.gateway6, 0), helpers_hardware)}));
    link_ = std::make_unique<Link>(std::move(link.frames));
}

Fd World::socket_in(Place place, int family, int type) {
    return in(place, [&] {
        Fd fd(::socket(family, type | SOCK_CLOEXEC, 0));
        if (!fd.valid()) throw SystemError(errno, "no socket for the test");
        // A test that waits for ever tells nothing.
        const timeval limit{20, 0};
        setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
        return fd;
    });
}

Fd World::server(Place place, int type, const Endpoint& where) {
    Fd fd = socket_in(place, where.family(), type);
    const int on = 1;
    if (where.family() == AF_INET6) setsockopt(fd.get(), SOL_IPV6, IPV6_V6ONLY, &on, sizeof on);
    setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd.get(), where.get(), where.size()) < 0)
        throw SystemError(errno, "cannot bind {}", text_of(where));
    if (type == SOCK_STREAM && listen(fd.get(), 1024) < 0)
        throw SystemError(errno, "cannot listen at {}", text_of(where));
    return fd;
}

Fd World::client(Place place, int type, const Endpoint& to, const Endpoint* from) {
    Fd fd = socket_in(place, to.family(), type);
    if (from != nullptr && bind(fd.get(), from->get(), from->size()) < 0)
        throw SystemError(errno, "cannot bind {}", text_of(*from));
    if (connect(fd.get(), to.get(), to.size()) < 0)
        throw SystemError(errno, "cannot connect to {}", text_of(to));
    return fd;
}

void World::publish(int type, const Endpoint& where, std::uint16_t port) {
    Fd fd = server(Place::host, type, where);
    fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    in_loop([&] {
        if (type == SOCK_STREAM) {
            tcp_->publish(std::move(fd), port);
        } else {
            udp_->publish(std::move(fd), port);
        }
    });
}

void World::in_loop(const std::function<void()>& act) {
    acts_->run(act);
}

Endpoint at(const char* address, std::uint16_t port) {
    in_addr four{};
    in6_addr six{};
    if (inet_pton(AF_INET, address, &four) == 1) return {four, port};
    if (inet_pton(AF_INET6, address, &six) == 1) return {six, port};
    throw Error(ErrorKind::invalid, "{} is no address", address);
}

Endpoint name_of(int socket) {
    Endpoint result;
    socklen_t size = Endpoint::room_size;
    if (getsockname(socket, result.room(), &size) < 0) throw SystemError(errno, "no name");
    return result;
}

Endpoint peer_of(int socket) {
    Endpoint result;
    socklen_t size = Endpoint::room_size;
    if (getpeername(socket, result.room(), &size) < 0) throw SystemError(errno, "no peer");
    return result;
}

std::string text_of(const Endpoint& endpoint) {
    std::array<char, INET6_ADDRSTRLEN> text{};
    const in6_addr whole = endpoint.mapped_address();
    const bool six = endpoint.family() == AF_INET6;
    inet_ntop(six ? AF_INET6 : AF_INET, six ? whole.s6_addr : whole.s6_addr + 12, text.data(),
              text.size());
    return six ? fmt::format("[{}]:{}", text.data(), endpoint.port())
               : fmt::format("{}:{}", text.data(), endpoint.port());
}

const std::string& obstacle() {
    static const std::string reason = []() -> std::string {
        try {
            World world({});
            return "";
        } catch (const SystemError& error) {
            // Whoever may not make namespaces here; anything else is a failure, and is thrown.
            const int number = error.errno_value();
            if (number != EPERM && number != EACCES && number != ENOSYS) throw;
            return error.message();
        }
    }();
    return reason;
}

}  // namespace skiff::network
