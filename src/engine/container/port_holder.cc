// SPDX-License-Identifier: Apache-2.0
#include "engine/container/port_holder.h"

#include <algorithm>

#include <fcntl.h>

#include "base/file.h"
#include "base/text.h"
#include "engine/container/lifecycle.h"
#include "engine/container/port_listeners.h"

namespace skiff::engine {
namespace {

constexpr std::size_t table_limit = 64UL << 20U;
constexpr std::size_t comm_limit = 64;

std::string_view next_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    return word;
}

bool wants(const PortRequest& request, std::uint16_t port, std::string_view protocol) {
    const PortRange range = host_port_range(request);
    return request.protocol == protocol && range.first != 0 && range.first <= port &&
           port <= range.last;
}

/// Other addresses of the same port may be free: then nothing is said rather than something wrong.
bool overlaps(const std::string& a, const std::string& b) {
    const auto is_any = [](const std::string& address) {
        return address.empty() || address == "0.0.0.0" || address == "::";
    };
    return is_any(a) || is_any(b) || a == b;
}

std::string holding_container(const Engine& engine, const ContainerRecord& record,
                              const std::vector<PortRequest>& requests) {
    for (const ContainerSummary& other : list_containers(engine, false)) {
        if (other.record.id == record.id) continue;
        for (const PublishedPort& port : other.state.ports)
            for (const PortRequest& request : requests)
                if (wants(request, port.host_port, port.protocol) &&
                    overlaps(request.host_ip, port.host_ip))
                    return "container " + other.record.name;
    }
    return {};
}

std::optional<HostSocket> holding_socket(const std::vector<PortRequest>& requests) {
    for (const char* table : {"tcp", "tcp6", "udp", "udp6"}) {
        const std::string_view protocol = std::string_view(table).substr(0, 3);
        const std::string lines =
            find_file(AT_FDCWD, fmt::format("/proc/net/{}", table), table_limit).value_or("");
        for (const std::string_view line : split(lines, '\n')) {
            const auto socket = parse_host_socket(line);
            if (!socket || !socket->listens) continue;
            const bool wanted = std::ranges::any_of(requests, [&](const PortRequest& request) {
                return wants(request, socket->port, protocol);
            });
            if (wanted) return socket;
        }
    }
    return std::nullopt;
}

/// Only those of the caller's own processes can be looked into, as root all of them.
std::string process_of(std::uint64_t inode) {
    const std::string link = fmt::format("socket:[{}]", inode);
    const Fd proc = open_file("/proc", O_RDONLY | O_DIRECTORY);
    for (const std::string& pid : list_directory(proc.get())) {
        if (!parse_number<int>(pid)) continue;
        try {
            const Fd fds = find_at(proc.get(), pid + "/fd", O_RDONLY | O_DIRECTORY);
            if (!fds.valid()) continue;
            for (const std::string& number : list_directory(fds.get()))
                if (find_link(fds.get(), number) == link)
                    return fmt::format(
                        "process {} ({})", pid,
                        trim(find_file(proc.get(), pid + "/comm", comm_limit).value_or("?")));
        } catch (const Error&) {
            // Another user's, or gone.
        }
    }
    return {};
}

}  // namespace

std::optional<HostSocket> parse_host_socket(std::string_view line) {
    constexpr std::string_view tcp_listen = "0A";
    constexpr std::string_view udp_unconnected = "07";
    next_word(line);  // its number
    const Cut local = cut(next_word(line), ':');
    next_word(line);  // the peer
    const std::string_view state = next_word(line);
    for (int i = 0; i < 3; ++i) next_word(line);  // queues, timer, retransmissions
    const auto uid = parse_number<unsigned>(next_word(line));
    next_word(line);  // time-out
    const auto inode = parse_number<std::uint64_t>(next_word(line));
    const auto port = parse_number<std::uint16_t>(local.after, 16);
    if (!uid || !inode || !port) return std::nullopt;
    return HostSocket{std::string(local.before), *port,
                      state == tcp_listen || state == udp_unconnected, *uid, *inode};
}

std::string find_port_holder(const Engine& engine, const ContainerRecord& record) {
    const std::vector<PortRequest> requests = wanted_ports(record);
    try {
        if (std::string name = holding_container(engine, record, requests); !name.empty())
            return name;
        const auto socket = holding_socket(requests);
        if (!socket) return {};
        if (std::string process = process_of(socket->inode); !process.empty()) return process;
        return fmt::format("a process of user {}", socket->uid);
    } catch (const Error&) {
        return {};  // it was only to help
    }
}

}  // namespace skiff::engine
