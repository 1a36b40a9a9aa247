// SPDX-License-Identifier: Apache-2.0
#include "engine/container/etc_files.h"

#include <algorithm>
#include <exception>

#include <fcntl.h>
#include <unistd.h>

#include <fmt/format.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr std::string_view gateway_word = "host-gateway";

bool is_loopback(std::string_view address) {
    return address.starts_with("127.") || address == "::1";
}

std::string extra_line(const HostsFile& file, std::string_view entry) {
    const Cut parts = cut(entry, ':');
    std::string_view address = parts.after;
    if (address.starts_with('[') && address.ends_with(']'))
        address = address.substr(1, address.size() - 2);
    if (address == gateway_word) {
        if (file.host_gateway.empty())
            throw Error(ErrorKind::usage,
                        "--add-host {}: a container with this --network has no gateway to the host",
                        entry);
        address = file.host_gateway;
    }
    return fmt::format("{}\t{}\n", address, parts.before);
}

/// The names by which Docker's and podman's containers know the host, but for those that the user
/// has given to somebody else.
std::string host_line(const HostsFile& file) {
    std::string names;
    for (const std::string_view name : {"host.docker.internal", "host.containers.internal"}) {
        const bool taken = std::ranges::any_of(
            file.extra, [&](const std::string& entry) { return cut(entry, ':').before == name; });
        if (!taken) names += fmt::format("{}{}", names.empty() ? "" : " ", name);
    }
    if (names.empty() || file.host_gateway.empty()) return "";
    return fmt::format("{}\t{}\n", file.host_gateway, names);
}

struct HostLines {
    std::vector<std::string> servers;
    std::string search;  ///< one "search" or "domain" line; the last one counts, resolv.conf(5)
    std::vector<std::string> options;  ///< lines
};

HostLines read_host(std::string_view content) {
    HostLines lines;
    for (const std::string_view raw : split(content, '\n')) {
        const std::string_view line = trim(raw);
        const std::string_view keyword = line.substr(0, line.find_first_of(" \t"));
        if (keyword == "nameserver") {
            lines.servers.emplace_back(trim(line.substr(keyword.size())));
        } else if (keyword == "search" || keyword == "domain") {
            lines.search = line;
        } else if (keyword == "options") {
            lines.options.emplace_back(line);
        }
    }
    return lines;
}

}  // namespace

std::string hosts_content(const HostsFile& file) {
    std::string text =
        "127.0.0.1\tlocalhost\n"
        "::1\tlocalhost ip6-localhost ip6-loopback\n"
        "fe00::0\tip6-localnet\n"
        "ff00::0\tip6-mcastprefix\n"
        "ff02::1\tip6-allnodes\n"
        "ff02::2\tip6-allrouters\n";
    for (const std::string& entry : file.extra) text += extra_line(file, entry);
    text += host_line(file);
    if (file.hostname.empty()) return text;
    // As Docker: a fully qualified name is also found by its first label.
    const std::string address = file.own_address.empty() ? "127.0.0.1" : file.own_address;
    const std::string_view label = cut(file.hostname, '.').before;
    text += label == file.hostname ? fmt::format("{}\t{}\n", address, file.hostname)
                                   : fmt::format("{}\t{} {}\n", address, file.hostname, label);
    return text;
}

std::string resolv_conf_content(const ResolvConf& request) {
    const HostLines host = read_host(request.host);
    std::string text;
    const auto add_server = [&](std::string_view address) {
        text += fmt::format("nameserver {}\n", address);
    };
    if (!request.servers.empty()) {
        std::ranges::for_each(request.servers, add_server);
    } else if (!request.resolver.empty()) {
        add_server(request.resolver);
    } else {
        for (const std::string& address : host.servers)
            if (!request.own_network || !is_loopback(address)) add_server(address);
    }
    if (request.search.empty()) {
        if (!host.search.empty()) text += host.search + "\n";
    } else if (request.search != std::vector<std::string>{"."}) {
        text += fmt::format("search {}\n", join(request.search, " "));
    }
    if (request.options.empty()) {
        for (const std::string& line : host.options) text += line + "\n";
    } else {
        text += fmt::format("options {}\n", join(request.options, " "));
    }
    return text;
}

void replace_shown_file(int directory, const char* name, std::string_view before,
                        std::string after) noexcept try {
    // In place: the container has this inode. O_NONBLOCK: a lease of the container's (fcntl(2))
    // would hold us for most of a minute.
    const Fd file = find_at(directory, name, O_RDWR | O_NOFOLLOW | O_NONBLOCK);
    std::string present(before.size() + 1, '\0');
    const ssize_t length = pread(file.get(), present.data(), present.size(), 0);
    if (length < 0 || std::string_view(present).substr(0, static_cast<size_t>(length)) != before)
        return;
    // One write of at least the old size, so that nobody reads half of each; then the end.
    const auto size = static_cast<off_t>(after.size());
    if (after.size() < before.size()) after.resize(before.size(), '\n');
    if (pwrite(file.get(), after.data(), after.size(), 0) == static_cast<ssize_t>(after.size()))
        [[maybe_unused]]
        const int result = ftruncate(file.get(), size);
} catch (const std::exception&) {
    // A lease, a full disk, no memory: the container goes on with what it has.
}

}  // namespace skiff::engine
