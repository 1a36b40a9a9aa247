// SPDX-License-Identifier: Apache-2.0
// Asks the host's name servers what the container asks, in the order of the host's resolv.conf: one
// second each, then the next one, twice around. It invents no server: without any it fails, as the
// host does.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <string_view>
#include <vector>

#include <sys/socket.h>

#include "base/fd.h"
#include "network/dns_message.h"
#include "network/event_loop.h"

namespace skiff::network {

struct NameServer {
    sockaddr_storage address{};
    socklen_t length = 0;
};
/// The first three "nameserver" lines (as libc counts), those of a form that is no address left
/// out; without any line the host itself is one (resolv.conf(5)).
std::vector<NameServer> parse_name_servers(std::string_view resolv_conf);

/// Whoever says which names may be asked for.
class NameFilter {
  public:
    /// False: the name does not exist for the container, and no server hears of it.
    virtual bool allows(const DnsQuery& query) = 0;
    /// What a server answered, before the container has it.
    virtual void learn(const DnsQuery& query, Bytes reply) = 0;

  protected:
    ~NameFilter() = default;
};

class Resolver {
  public:
    using Reply = std::function<void(Bytes message)>;
    enum class Transport : std::uint8_t { udp, tcp };

    Resolver(EventLoop& loop, std::string_view resolv_conf);
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;
    ~Resolver();

    /// For questions from now on.
    void set_servers(std::string_view resolv_conf);
    /// Borrowed; for questions from now on.
    void set_filter(NameFilter& filter) { filter_ = &filter; }
    /// `reply` is called once, later, with what the server said or with a failure of our own; not
    /// at all for what is no query.
    void ask(Bytes message, Transport transport, Reply reply);

  private:
    class Exchange;
    void forget(Exchange& exchange);

    EventLoop& loop_;
    std::vector<NameServer> servers_;
    NameFilter* filter_ = nullptr;
    std::list<std::unique_ptr<Exchange>> exchanges_;
    std::vector<std::unique_ptr<Exchange>> ended_;  ///< until nobody is inside them any more
    std::unique_ptr<std::uint8_t[]> buffer_;
};

}  // namespace skiff::network
