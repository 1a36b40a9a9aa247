// SPDX-License-Identifier: Apache-2.0
// -p, --expose and EXPOSE: from the text typed to ports. Pure.
//
// The forms and the texts of refusals are Docker's (go-connections' nat.ParsePortSpec, docker/cli's
// opts for --publish and --expose).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::engine {

/// One published port as it was asked for: of "-p 8000-8001:80-81" there are two.
struct PortRequest {
    std::string host_ip;    ///< as typed, without brackets; "": all addresses of the host
    std::string host_port;  ///< "8080"; "8080-8090": the first free one; "" or "0": any free one
    std::uint16_t container_port = 0;
    std::string protocol = "tcp";  ///< or "udp"
    int inherited = -1;            ///< "-p fd:3:80": a listener that we were started with
    bool operator==(const PortRequest&) const = default;
};

/// One published port as it is: a listener on the host.
struct PublishedPort {
    std::string host_ip;  ///< "0.0.0.0", "::" …
    std::uint16_t host_port = 0;
    std::uint16_t container_port = 0;
    std::string protocol;
    bool operator==(const PublishedPort&) const = default;
};

struct PortRange {
    std::uint16_t first = 0;
    std::uint16_t last = 0;
};
/// "80", "8000-8010". Throws Error{invalid} with Go's reason.
PortRange parse_port_range(std::string_view text);
/// The first and last port that a PortRequest::host_port means; {0, 0}: any.
PortRange host_port_range(const PortRequest& port);

/// One -p: "[[IP:][PORT[-PORT]]:]PORT[-PORT][/PROTO]", "target=80,published=8080,protocol=tcp" or
/// "fd:N:PORT[/PROTO]". Throws Error: usage with Docker's words; unsupported for SCTP.
std::vector<PortRequest> parse_publish(std::string_view text);

/// One --expose or EXPOSE: "80", "80/udp", "8000-8010/tcp", as "80/tcp" each. Throws Error{usage}.
std::vector<std::string> parse_expose(std::string_view text);

/// "80/tcp"
std::string port_key(std::uint16_t port, std::string_view protocol);
/// The inverse; port 0 for what is none.
struct PortKey {
    std::uint16_t port = 0;
    std::string protocol;
};
PortKey parse_port_key(std::string_view text);

}  // namespace skiff::engine
