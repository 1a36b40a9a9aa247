// SPDX-License-Identifier: Apache-2.0
#include "cli/device_flags.h"

#include <algorithm>
#include <array>
#include <optional>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/text.h"
#include "cdi/device_name.h"
#include "cli/values.h"
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
    if (!text.starts_with('/') && text.find('=') != std::string_view::npos)
        throw Error(ErrorKind::invalid,
                    "{} is neither a path nor the name of a CDI device (vendor.com/class=name, of "
                    "letters, digits, and between them . _ -)",
                    quoted(text));
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

namespace {

/// Docker's.
int parse_count(std::string_view text) {
    if (text == "all") return -1;
    const auto count = parse_number<int>(text);
    if (!count || *count < -1)
        throw Error(ErrorKind::invalid,
                    "invalid count ({}): value must be either \"all\" or an integer", text);
    return *count;
}

std::vector<std::string> parse_list(std::string_view text) {
    std::vector<std::string> list;
    for (const std::string_view part : split(text, ',')) list.emplace_back(part);
    return list;
}

void add_device(engine::CreateRequest& request, std::string_view text) {
    if (cdi::is_qualified_name(text)) {
        request.cdi_devices.emplace_back(text);
    } else {
        request.devices.push_back(parse_device(text));
    }
}

}  // namespace

engine::GpuRequest parse_gpus(std::string_view text) {
    engine::GpuRequest request;
    request.capabilities = {"gpu"};
    std::optional<int> count;
    std::set<std::string> seen;
    for (const std::string& field : split_fields(text)) {
        const Cut parts = cut(field, '=');
        const std::string key(parts.found ? parts.before : "count");
        const std::string_view value = parts.found ? parts.after : parts.before;
        if (!seen.insert(key).second)
            throw Error(ErrorKind::invalid, "gpu request key '{}' can be specified only once", key);
        if (key == "count") {
            count = parse_count(value);
        } else if (key == "driver") {
            request.driver = value;
        } else if (key == "device") {
            request.ids = parse_list(value);
        } else if (key == "capabilities") {
            request.capabilities = parse_list(value);
            request.capabilities.emplace_back("gpu");
        } else if (key == "options") {
            throw Error(ErrorKind::unsupported,
                        "'{}': GPUs are CDI devices, whose specifications take no options", field);
        } else {
            throw Error(ErrorKind::invalid, "unexpected key '{}' in '{}'", key, field);
        }
    }
    if (count && seen.contains("device"))
        throw Error(ErrorKind::invalid, "cannot set both Count and DeviceIDs on device request");
    for (const std::string& id : request.ids)
        if (!cdi::is_device_name(id) && !cdi::is_qualified_name(id))
            throw Error(ErrorKind::invalid, "{} is no number, UUID or CDI name of a GPU",
                        quoted(id));
    constexpr std::array<std::string_view, 4> drivers{"", "nvidia", "amd", "cdi"};
    if (std::ranges::find(drivers, request.driver) == drivers.end())
        throw Error(
            ErrorKind::invalid,
            "could not select device driver {} with capabilities: [[{}]]: there are nvidia, amd "
            "and cdi",
            quoted(request.driver), join(request.capabilities, " "));
    if (request.ids.empty()) request.count = count.value_or(1);
    return request;
}

void declare_device_flags(CommandBuilder& command, engine::CreateRequest& request) {
    command.parsed(
        "--device", [&request](std::string_view value) { add_device(request, value); }, "list",
        "Add a device of the host, all in a directory (format: <host>[:<container>][:rwm]), or a "
        "CDI "
        "device (<vendor.com/class=name>)",
        complete::files);
    command.parsed(
        "--gpus", [&request](std::string_view value) { request.gpus.push_back(parse_gpus(value)); },
        "gpu-request", "GPU devices to add to the container ('all' to pass all GPUs)");
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
