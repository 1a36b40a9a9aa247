// SPDX-License-Identifier: Apache-2.0
// An address and port as the kernel takes it, IPv4 and IPv6 alike.
#pragma once

#include <cstdint>

#include <netinet/in.h>
#include <sys/socket.h>

namespace skiff::network {

/// A socket address. IPv4 addresses have their own family here, never the mapped form.
class Endpoint {
  public:
    Endpoint() = default;
    Endpoint(in_addr address, std::uint16_t port);
    Endpoint(const in6_addr& address, std::uint16_t port);
    /// Of a mapped address (::ffff:a.b.c.d) the IPv4 one.
    static Endpoint from_mapped(const in6_addr& address, std::uint16_t port);

    int family() const { return storage_.any.sa_family; }
    std::uint16_t port() const;
    /// IPv4 in its mapped form.
    in6_addr mapped_address() const;
    Endpoint with_port(std::uint16_t port) const;
    /// 127.0.0.0/8, ::1.
    bool is_loopback() const;
    /// fe80::/10, which means something on one link only.
    bool is_link_local6() const;

    const sockaddr* get() const { return &storage_.any; }
    socklen_t size() const {
        return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
    }
    /// For accept(2) and its like: room for any address; `length` is what they set.
    sockaddr* room() { return &storage_.any; }
    static constexpr socklen_t room_size = sizeof(sockaddr_in6);

  private:
    union Storage {
        sockaddr_in6 v6{};
        sockaddr_in v4;
        sockaddr any;
    };
    Storage storage_;
};

bool same_address(const Endpoint& a, const Endpoint& b);

}  // namespace skiff::network
