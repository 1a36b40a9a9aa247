// SPDX-License-Identifier: Apache-2.0
#include "engine/container/sysctls.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr std::array<std::string_view, 8> of_ipc{
    "kernel.msgmax", "kernel.msgmnb", "kernel.msgmni", "kernel.sem",
    "kernel.shmall", "kernel.shmmax", "kernel.shmmni", "kernel.shm_rmid_forced"};
constexpr std::string_view of_queues = "fs.mqueue.";
constexpr std::string_view of_network = "net.";
constexpr std::string_view of_uts = "kernel.domainname";

bool belongs_to_ipc(std::string_view name) {
    return name.starts_with(of_queues) || std::ranges::find(of_ipc, name) != of_ipc.end();
}

/// sysctl(8): where the first separator is '/', those are, and '.' is a part of names
/// ("net/ipv4/conf/eth0.1/forwarding"), which the file system knows as "net.ipv4.conf.eth0/1".
std::string with_dots(std::string_view name) {
    std::string text(name);
    const size_t first = text.find_first_of("./");
    if (first == std::string::npos || text[first] == '.') return text;
    for (char& c : text) c = c == '/' ? '.' : c == '.' ? '/' : c;
    return text;
}

/// No empty part and none of dots alone: every part is a name of the kernel's.
bool is_plain(std::string_view name) {
    for (const std::string_view part : split(name, '.')) {
        if (part.empty()) return false;
        for (const char c : part)
            if (static_cast<unsigned char>(c) <= ' ' || c == 0x7f) return false;
        if (part.front() == '/' || part.back() == '/' || part.find("//") != std::string_view::npos)
            return false;
    }
    return true;
}

}  // namespace

Sysctl parse_sysctl(std::string_view text) {
    const Cut parts = cut(text, '=');
    const std::string name = with_dots(parts.before);
    const bool known = belongs_to_ipc(name) || name.starts_with(of_network) || name == of_uts;
    if (!parts.found || !known || !is_plain(name))
        throw Error(ErrorKind::invalid, "sysctl '{}' is not allowed", text);
    return {name, std::string(parts.after)};
}

void check_sysctls(const CreateRequest& request) {
    const NamespaceModes& modes = request.namespaces;
    for (const auto& [name, value] : request.sysctls) {
        if (modes.network == "host" && name.starts_with(of_network))
            throw Error(ErrorKind::invalid, "sysctl {} not allowed in host network namespace",
                        quoted(name));
        if (modes.ipc == "host" && belongs_to_ipc(name))
            throw Error(ErrorKind::invalid, "sysctl {} is not allowed in the hosts ipc namespace",
                        quoted(name));
        if (modes.uts == "host" && name == of_uts)
            throw Error(ErrorKind::invalid, "sysctl {} not allowed in host UTS namespace",
                        quoted(name));
    }
}

}  // namespace skiff::engine
