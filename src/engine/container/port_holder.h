// SPDX-License-Identifier: Apache-2.0
// Who has a port of the host that a container was to have.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

/// One line of /proc/net/tcp, tcp6, udp or udp6 (proc(5)).
struct HostSocket {
    std::string address;  ///< hexadecimal, in words of 32 bits of this machine's order
    std::uint16_t port = 0;
    bool listens = false;  ///< TCP; a UDP socket without a peer
    unsigned uid = 0;
    std::uint64_t inode = 0;
};
/// Nothing for what is no such line. Pure.
std::optional<HostSocket> parse_host_socket(std::string_view line);

/// "container web", "process 1234 (nginx)" or "a process of user 33", for the first of the ports
/// that `record` wants and somebody has; empty when it cannot be known, or is free by now.
std::string find_port_holder(const Engine& engine, const ContainerRecord& record);

}  // namespace skiff::engine
