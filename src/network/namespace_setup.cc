// SPDX-License-Identifier: Apache-2.0
#include "network/namespace_setup.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "network/link.h"

namespace skiff::network {
namespace {

/// Of the namespace that we are in. What a kernel has not, or does not let us set, stays.
void set_switch(const std::string& name, std::string_view value) {
    try {
        const Fd file = open_file("/proc/sys/net/" + name, O_WRONLY);
        write_all(file.get(), value, name);
    } catch (const SystemError&) {
    }
}

/// The highest group that exists here (user_namespaces(7)), as far as ping_group_range can count.
std::uint32_t highest_group() {
    constexpr std::size_t limit = 65536;
    constexpr std::uint64_t highest_countable = INT32_MAX;
    std::uint64_t highest = 0;
    const std::string map = find_file(AT_FDCWD, "/proc/self/gid_map", limit).value_or("");
    for (const std::string_view line : split(map, '\n')) {
        std::vector<std::uint64_t> numbers;
        for (const std::string_view word : split(line, ' '))
            if (const auto number = parse_number<std::uint64_t>(word)) numbers.push_back(*number);
        constexpr std::size_t columns = 3;  // inside, outside, count
        if (numbers.size() == columns && numbers[2] > 0)
            highest = std::max(highest, numbers[0] + numbers[2] - 1);
    }
    return static_cast<std::uint32_t>(std::min(highest, highest_countable));
}

/// As in Docker's containers: whoever is not root there may serve port 80, and ping.
void relax_limits() {
    set_switch("ipv4/ip_unprivileged_port_start", "0");
    set_switch("ipv4/ping_group_range", fmt::format("0 {}", highest_group()));
}

}  // namespace

NamespaceResult set_up_namespace(const HelperConfig& config) {
    NamespaceResult result;
    NewLink link = make_link(config);
    result.facts.tap = link.is_tap;
    result.frames = std::move(link.frames);
    relax_limits();
    result.facts.paths = set_up_local_paths(config);
    if (result.facts.paths.gate4) result.others.push_back(make_gate_listener(AF_INET, config));
    if (result.facts.paths.gate6) result.others.push_back(make_gate_listener(AF_INET6, config));
    result.facts.maker_stays = config.publishes;
    return result;
}

}  // namespace skiff::network
