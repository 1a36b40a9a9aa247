// SPDX-License-Identifier: Apache-2.0
#include "cli/device_flags.h"

#include <algorithm>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "engine/container/devices.h"
#include "engine/container/mount_request.h"

namespace skiff::cli {
namespace {

/// Some of r, w and m, each at most once.
bool is_access(std::string_view text) {
    return !text.empty() && std::ranges::all_of(text, [&](char c) {
        return std::string_view("rwm").find(c) != std::string_view::npos &&
               std::ranges::count(text, c) == 1;
    });
}

}  // namespace

engine::DeviceRequest parse_device(std::string_view text) {
    // vendor.com/class=name
    if (!text.starts_with('/') && text.find('=') != std::string_view::npos)
        throw Error(ErrorKind::unsupported,
                    "{}: devices by their CDI names are not supported by this version of skiff",
                    text);
    const std::vector<std::string_view> parts = split(text, ':');
    if (parts.size() > 3 || parts[0].empty())
        throw Error(ErrorKind::invalid, "bad format for path: {}", text);
    std::string_view target = parts[0];
    std::string_view access = "rwm";
    if (parts.size() == 3) {
        target = parts[1];
        access = parts[2];
        if (!is_access(access)) throw Error(ErrorKind::invalid, "bad mode specified: {}", access);
    } else if (parts.size() == 2 && is_access(parts[1])) {
        access = parts[1];
    } else if (parts.size() == 2) {
        target = parts[1];
    }
    if (!target.starts_with('/'))
        throw Error(ErrorKind::invalid, "{} is not an absolute path", target);
    // The kernel's own files are nobody's to replace, with a device as with a mount.
    if (const std::string problem = engine::mount_target_problem(target); !problem.empty())
        throw Error(ErrorKind::invalid, "{}", problem);
    std::string clean = engine::clean_path(target);
    if (clean == "/proc" || clean == "/sys" || clean.starts_with("/sys/"))
        throw Error(ErrorKind::invalid, "'{}' cannot be a device", clean);
    return {std::string(parts[0]), std::move(clean), std::string(access)};
}

void declare_device_flags(CommandBuilder& command, engine::CreateRequest& request) {
    command.parsed(
        "--device",
        [&request](std::string_view value) { request.devices.push_back(parse_device(value)); },
        "list",
        "Add a device of the host, or all in a directory (format: <host>[:<container>][:rwm])",
        complete::files);
    command.parsed(
        "--device-cgroup-rule",
        [&request](std::string_view value) {
            if (!engine::is_device_rule(value))
                throw Error(ErrorKind::invalid, "invalid device cgroup format '{}'", value);
            request.device_rules.emplace_back(value);
        },
        "list", "Allow devices that are made inside (format: <a|b|c> <major>:<minor> <rwm>)");
}

}  // namespace skiff::cli
