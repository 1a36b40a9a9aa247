// SPDX-License-Identifier: Apache-2.0
#include "network/helper_role.h"

#include <array>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/error.h"
#include "network/address_check.h"
#include "network/channel.h"
#include "network/config.h"
#include "network/egress_filter.h"
#include "network/event_loop.h"
#include "network/frame_path.h"
#include "network/link.h"
#include "network/local_traffic.h"
#include "network/resolver.h"
#include "network/resolver_front.h"
#include "network/resolver_stream6.h"
#include "network/sandbox.h"
#include "network/slirp_stack.h"
#include "network/socket_maker.h"

namespace skiff::network {
namespace {

/// The monitor's messages while the loop runs.
class Channel final : private EventHandler {
  public:
    Channel(EventLoop& loop, Resolver& resolver) : loop_(loop), resolver_(resolver) {
        loop_.add(helper_channel_fd, EPOLLIN, *this);
    }

  private:
    void on_ready(int fd, std::uint32_t) override {
        const ReceivedMessage received = receive_with_fds(fd, largest_message);
        if (received.data.empty()) return loop_.stop();  // the monitor has ended, or wants us to
        const Message message = parse_message(received.data);
        if (message.type == MessageType::resolv_conf) resolver_.set_servers(message.content);
    }

    EventLoop& loop_;
    Resolver& resolver_;
};

/// The configuration, and before it the host's side of published ports.
HelperConfig await_configuration(std::vector<PublishedListener>& published) {
    for (;;) {
        ReceivedMessage received = receive_with_fds(helper_channel_fd, largest_message);
        if (received.data.empty()) _exit(0);  // the monitor has ended
        const Message message = parse_message(received.data);
        if (message.type == MessageType::configuration) return parse_config(message.content);
        if (message.type != MessageType::listeners)
            throw Error(ErrorKind::invalid, "the network helper expected its configuration");
        take_listeners(message.content, std::move(received.fds), published);
    }
}

Fd await_namespace() {
    ReceivedMessage received = receive_with_fds(helper_channel_fd, largest_message);
    if (received.data.empty()) _exit(0);
    if (parse_message(received.data).type != MessageType::name_space || received.fds.size() != 1)
        throw Error(ErrorKind::invalid, "the network helper expected a network namespace");
    return std::move(received.fds[0]);
}

/// Never waits: a monitor that does not read loses lines, and the container nothing.
bool tell_refusal(const std::string& line) {
    const std::string message = to_text(MessageType::log, line);
    return send(helper_channel_fd, message.data(), message.size(), MSG_DONTWAIT | MSG_NOSIGNAL) >=
           0;
}

/// The large tables and buffers of this process are touched in part only: from mmap(2) the rest of
/// them costs nothing, and what is given back is gone.
void keep_heap_small() {
    constexpr int large = 32 << 10;
    mallopt(M_MMAP_THRESHOLD, large);
    mallopt(M_TRIM_THRESHOLD, large);
}

void run() {
    keep_heap_small();
    become_unreachable();
    signal(SIGPIPE, SIG_IGN);
    signal(SIGCHLD, SIG_IGN);  // the maker may end first, and is nobody's concern then
    const std::size_t descriptors = use_all_descriptors();
    std::vector<PublishedListener> published;
    const HelperConfig config = await_configuration(published);
    SocketMaker maker = SocketMaker::start(config);
    EventLoop loop;
    enter_empty_root();
    keep_capabilities(0);
    load_filter(calls_of_main_part());

    Resolver resolver(loop, config.resolv_conf);
    StreamFront streams(resolver, loop);

    maker.give_namespace(await_namespace().get());
    NamespaceResult result = maker.await_setup();
    send_with_fds(helper_channel_fd, to_text(MessageType::ready, result.facts.tap ? "tap" : "veth"),
                  {});
    Link link(std::move(result.frames));
    SlirpStack slirp(loop, link, config, [&] { return streams.open(); });
    FramePath path(loop, link, slirp);
    AddressCheck addresses(config);
    DatagramFront datagrams(resolver, link, config);
    path.add_filter(addresses);
    path.add_filter(datagrams);
    std::optional<EgressFilter> egress;
    if (!config.egress.empty()) {
        egress.emplace(config, link, tell_refusal);
        path.add_filter(*egress);
        resolver.set_filter(*egress);
    }
    LocalTraffic traffic(loop, link, config, maker, result, descriptors,
                         [&] { return streams.open(); });
    traffic.publish(std::move(published));
    if (PacketFilter* const gate = traffic.gate()) path.add_filter(*gate);
    std::optional<ResolverStream6> streams6;
    if (!result.facts.paths.gate6) path.add_filter(streams6.emplace(link, slirp, config));
    const Channel channel(loop, resolver);
    malloc_trim(0);
    loop.run();
}

}  // namespace

int helper_role(int, char**) {
    try {
        prctl(PR_SET_NAME, helper_program_name, 0, 0, 0);
        if (fcntl(helper_channel_fd, F_SETFD, FD_CLOEXEC) < 0)
            throw SystemError(errno, "the network helper is started by skiff itself only");
        run();
        _exit(0);  // nothing here wants to be taken apart
    } catch (const Error& error) {
        try {
            send_with_fds(helper_channel_fd, to_text(MessageType::failure, to_text(error)), {});
        } catch (const Error&) {
            // The monitor is gone.
        }
    }
    _exit(1);
}

}  // namespace skiff::network
