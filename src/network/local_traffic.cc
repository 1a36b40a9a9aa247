// SPDX-License-Identifier: Apache-2.0
#include "network/local_traffic.h"

#include <algorithm>
#include <cerrno>

#include <sys/resource.h>

#include "base/error.h"
#include "base/text.h"

namespace skiff::network {
namespace {

// For the loop, the channels, the link, listeners, libslirp's and the resolver's sockets.
constexpr std::size_t reserved_descriptors = 512;

/// Of all, what flows may have: the rest is for what is not counted, and an eighth for UDP
/// sessions.
std::size_t descriptors_for_flows(std::size_t all) {
    const std::size_t rest = all > 2 * reserved_descriptors ? all - reserved_descriptors : all / 2;
    return rest - rest / 8;
}

}  // namespace

std::string listeners_text(const std::vector<PublishedListener>& listeners) {
    std::string text;
    for (const PublishedListener& listener : listeners)
        text += fmt::format("{} {}\n", listener.tcp ? "tcp" : "udp", listener.port);
    return text;
}

void take_listeners(std::string_view text, std::vector<Fd> sockets,
                    std::vector<PublishedListener>& listeners) {
    for (Fd& socket : sockets) {
        const Cut line = cut(text, '\n');
        const Cut words = cut(line.before, ' ');
        const auto port = parse_number<std::uint16_t>(words.after);
        if (!port || (words.before != "tcp" && words.before != "udp"))
            throw Error(ErrorKind::invalid, "the network helper cannot publish {}",
                        quoted(line.before));
        listeners.push_back({std::move(socket), words.before == "tcp", *port});
        text = line.after;
    }
}

std::size_t use_all_descriptors() {
    constexpr rlim_t enough = 1 << 20;
    rlimit limit{};
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        throw SystemError(errno, "cannot learn the limit of descriptors");
    limit.rlim_cur = std::min(limit.rlim_max, enough);
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        throw SystemError(errno, "cannot raise the limit of descriptors");
    return limit.rlim_cur;
}

LocalTraffic::LocalTraffic(EventLoop& loop, Link& link, const HelperConfig& config,
                           SocketMaker& maker, NamespaceResult& setup, std::size_t descriptors,
                           std::function<Fd()> open_stream)
    : flows_(loop, descriptors_for_flows(descriptors)),
      inside_(config, setup.facts.paths,
              [&maker](SocketKind kind, std::uint8_t count) { return maker.take({kind, count}); }),
      tcp_(loop, flows_, inside_),
      udp_(loop, inside_, descriptors / 16) {
    if (setup.others.empty()) return;
    gate_.emplace(loop, link, flows_, config, make_find_destination(config, std::move(open_stream)),
                  std::move(setup.others));
}

void LocalTraffic::publish(std::vector<PublishedListener> listeners) {
    for (PublishedListener& listener : listeners) {
        if (listener.tcp) {
            tcp_.publish(std::move(listener.socket), listener.port);
        } else {
            udp_.publish(std::move(listener.socket), listener.port);
        }
    }
}

}  // namespace skiff::network
