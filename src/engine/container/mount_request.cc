// SPDX-License-Identifier: Apache-2.0
#include "engine/container/mount_request.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "base/text.h"

namespace skiff::engine {

std::string_view to_string(MountType type) {
    switch (type) {
        case MountType::bind:
            return "bind";
        case MountType::tmpfs:
            return "tmpfs";
        case MountType::volume:
            return "volume";
        case MountType::image:
            return "image";
    }
    return "";
}

std::string clean_path(std::string_view path) {
    std::vector<std::string_view> kept;
    for (std::string_view part : split(path, '/')) {
        if (part == "..") {
            if (!kept.empty()) kept.pop_back();
        } else if (!part.empty() && part != ".") {
            kept.push_back(part);
        }
    }
    std::string result;
    for (std::string_view part : kept) result.append("/").append(part);
    return result.empty() ? "/" : result;
}

std::string mount_target_problem(std::string_view target) {
    if (!target.starts_with('/'))
        return fmt::format("invalid mount path: '{}' mount path must be absolute", target);
    const std::string path = clean_path(target);
    if (path == "/") return "invalid specification: destination can't be '/'";
    // A file there would stand for what the kernel says, also to security tools inside; these are
    // the ones that runc lets others provide (lxcfs does).
    constexpr std::array<std::string_view, 11> replaceable{"/proc/cpuinfo",
                                                           "/proc/diskstats",
                                                           "/proc/meminfo",
                                                           "/proc/stat",
                                                           "/proc/swaps",
                                                           "/proc/uptime",
                                                           "/proc/loadavg",
                                                           "/proc/slabinfo",
                                                           "/proc/net/dev",
                                                           "/proc/sys/kernel/ns_last_pid",
                                                           "/proc/sys/crypto/fips_enabled"};
    if (path.starts_with("/proc/") && std::ranges::find(replaceable, path) == replaceable.end())
        return fmt::format("'{}' cannot be mounted because it is inside /proc", path);
    return "";
}

}  // namespace skiff::engine
