// SPDX-License-Identifier: Apache-2.0
#include "engine/container/etc_files.h"

#include <fmt/format.h>

#include "base/text.h"

namespace skiff::engine {
namespace {

bool is_loopback(std::string_view address) {
    return address.starts_with("127.") || address == "::1";
}

}  // namespace

std::string hosts_content(const std::string& hostname, const std::vector<std::string>& extra) {
    std::string text =
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\n"
        "ff00::0\tip6-mcastprefix\n"
        "ff02::1\tip6-allnodes\n"
        "ff02::2\tip6-allrouters\n";
    for (const std::string& entry : extra) {
        const Cut parts = cut(entry, ':');
        std::string_view address = parts.after;
        if (address.starts_with('[') && address.ends_with(']'))
            address = address.substr(1, address.size() - 2);
        text += fmt::format("{}\t{}\n", address, parts.before);
    }
    if (hostname.empty()) return text;
    // As Docker: a fully qualified name is also found by its first label.
    const std::string_view label = cut(hostname, '.').before;
    text += label == hostname ? fmt::format("127.0.0.1\t{}\n", hostname)
                              : fmt::format("127.0.0.1\t{} {}\n", hostname, label);
    return text;
}

std::string resolv_conf_content(std::string_view host_content, const std::vector<std::string>& dns,
                                bool own_network) {
    std::string text;
    for (const std::string& address : dns) text += fmt::format("nameserver {}\n", address);
    for (const std::string_view line : split(host_content, '\n')) {
        const std::string_view content = trim(line);
        const Cut words = cut(content, ' ');
        if (words.before == "nameserver") {
            if (!dns.empty() || (own_network && is_loopback(trim(words.after)))) continue;
        } else if (words.before != "search" && words.before != "options" &&
                   words.before != "domain") {
            continue;
        }
        text += fmt::format("{}\n", content);
    }
    return text;
}

}  // namespace skiff::engine
