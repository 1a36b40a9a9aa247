// SPDX-License-Identifier: Apache-2.0
#include "engine/container/time_zone.h"

#include <algorithm>

#include <fcntl.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"

namespace skiff::engine {
namespace {

constexpr size_t file_limit = 1 << 20;

/// A name, not a way out of the directory of zones.
bool is_zone_name(std::string_view name) {
    const bool plain = std::ranges::all_of(name, [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               c == '/' || c == '_' || c == '-' || c == '+';
    });
    return plain && !name.empty() && !name.starts_with('/');
}

}  // namespace

std::string read_time_zone(const std::string& name) {
    std::optional<std::string> zone;
    try {
        if (name == "local") {
            zone = find_file(AT_FDCWD, "/etc/localtime", file_limit);
        } else if (is_zone_name(name)) {
            zone = find_file(AT_FDCWD, "/usr/share/zoneinfo/" + name, file_limit);
        }
    } catch (const Error&) {
        // A directory of zones is none.
    }
    if (!zone || !zone->starts_with("TZif"))
        throw Error(ErrorKind::invalid, "unknown time zone {} (in /usr/share/zoneinfo)",
                    printable(name));
    return *std::move(zone);
}

}  // namespace skiff::engine
