// SPDX-License-Identifier: Apache-2.0
#include "engine/container/cdi_devices.h"

#include <algorithm>
#include <array>
#include <iterator>

#include <fcntl.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/text.h"
#include "cdi/catalog.h"
#include "cdi/device_name.h"
#include "engine/container/mount_request.h"

namespace skiff::engine {
namespace {

struct GpuVendor {
    std::string_view driver;
    std::string_view kind;
};
/// In this order where --gpus names no driver, as Docker and containerd look for them.
constexpr std::array<GpuVendor, 2> gpu_vendors{
    {{"nvidia", "nvidia.com/gpu"}, {"amd", "amd.com/gpu"}}};
constexpr std::string_view cdi_driver = "cdi";

std::string kind_of_gpus(const GpuRequest& request, const cdi::Catalog& catalog) {
    for (const GpuVendor& vendor : gpu_vendors) {
        if (request.driver == vendor.driver) return std::string(vendor.kind);
        if (request.driver.empty() && catalog.has_kind(vendor.kind))
            return std::string(vendor.kind);
    }
    std::vector<std::string> kinds;
    for (const GpuVendor& vendor : gpu_vendors) kinds.emplace_back(vendor.kind);
    throw Error(
        ErrorKind::invalid,
        "could not select device driver {} with capabilities: [[{}]]: no CDI specification in "
        "{} is about {} (the vendor's tool writes one: nvidia-ctk cdi generate "
        "--output=/etc/cdi/nvidia.yaml, or amd-ctk cdi generate)",
        quoted(request.driver), join(request.capabilities, " "), catalog.directories_text(),
        join(kinds, " or "));
}

/// Docker's: the first `count` by their numbers, or "all", or what is named.
std::vector<std::string> gpu_names(const GpuRequest& request, const cdi::Catalog& catalog) {
    std::vector<std::string> names = request.ids;
    if (names.empty() && request.count < 0) names.emplace_back("all");
    if (names.empty())
        for (int i = 0; i < request.count; ++i) names.push_back(std::to_string(i));
    const bool all_qualified = std::ranges::all_of(names, cdi::is_qualified_name);
    if (all_qualified) return names;
    if (request.driver == cdi_driver)
        throw Error(ErrorKind::invalid,
                    "--gpus with driver=cdi wants device=vendor.com/class=name, not {}",
                    quoted(names.front()));
    const std::string kind = kind_of_gpus(request, catalog);
    for (std::string& name : names)
        if (!cdi::is_qualified_name(name)) name = fmt::format("{}={}", kind, name);
    return names;
}

[[noreturn]] void refuse_node(const cdi::DeviceNode& node, std::string_view why) {
    throw Error(ErrorKind::invalid, "the CDI device node {}: {}", node.path, why);
}

/// The node of the machine, which is what is bound; nothing is made.
HostDevice host_device(const cdi::DeviceNode& node, std::vector<std::string>& less) {
    if (node.type == 'p')
        throw Error(ErrorKind::unsupported,
                    "the CDI device node {} is a FIFO (type p), which skiff does not make",
                    node.path);
    const std::string& source = node.host_path.empty() ? node.path : node.host_path;
    std::vector<HostDevice> found = gather_devices({{source, clean_path(node.path), node.access}});
    if (found.size() != 1 || found.front().target != clean_path(node.path))
        refuse_node(node, fmt::format("{} is a directory on this machine", quoted(source)));
    HostDevice& device = found.front();
    if (node.type != '\0' && (node.type == 'b') != device.is_block)
        refuse_node(node, fmt::format("{} of this machine is not of the type {}", quoted(source),
                                      node.type));
    // Both zero is how some generators say that they do not know.
    const bool numbered = node.major.value_or(0) != 0 || node.minor.value_or(0) != 0;
    if (numbered &&
        (node.major.value_or(0) != device.major || node.minor.value_or(0) != device.minor))
        refuse_node(node,
                    fmt::format("{} of this machine is {}:{}, and the specification says {}:{} "
                                "(generate it again)",
                                quoted(source), device.major, device.minor, node.major.value_or(0),
                                node.minor.value_or(0)));
    struct stat status{};
    const Fd opened = find_at(AT_FDCWD, device.path, O_PATH | O_NOFOLLOW);
    if (!opened.valid() || fstat(opened.get(), &status) < 0) refuse_node(node, "it is gone");
    if ((node.uid && *node.uid != status.st_uid) || (node.gid && *node.gid != status.st_gid) ||
        (node.mode && *node.mode != (status.st_mode & 07777U)))
        less.push_back(
            fmt::format("the device {} has the owner and mode of this machine's node ({}:{} "
                        "{:04o}), not those of "
                        "its CDI specification: skiff binds nodes and changes none",
                        device.target, status.st_uid, status.st_gid, status.st_mode & 07777U));
    return std::move(device);
}

bool has_option(const cdi::Mount& mount, std::string_view option) {
    return std::ranges::find(mount.options, option) != mount.options.end();
}

/// Nodes that the container's root makes in what it may write to shall open nothing, as with -v.
/// What is below /dev is there for its nodes.
bool needs_nodev(const cdi::Mount& mount, bool rootless) {
    if (has_option(mount, "nodev") || has_option(mount, "dev")) return false;
    struct stat status{};
    const Fd source = find_at(AT_FDCWD, mount.host_path, O_PATH);
    if (source.valid() && fstat(source.get(), &status) == 0 && !S_ISDIR(status.st_mode))
        return false;
    const bool of_devices = mount.host_path == "/dev" || mount.host_path.starts_with("/dev/");
    return !(of_devices && (rootless || has_option(mount, "ro")));
}

oci::SpecMount spec_mount(const cdi::Mount& mount, bool rootless) {
    oci::SpecMount result{mount.container_path, mount.type, mount.host_path, mount.options};
    const bool bind = mount.type.empty() || mount.type == "none" || mount.type == "bind" ||
                      has_option(mount, "bind") || has_option(mount, "rbind");
    if (bind) {
        result.type = "bind";
        if (!has_option(mount, "bind") && !has_option(mount, "rbind"))
            result.options.insert(result.options.begin(), "bind");
    }
    if (needs_nodev(mount, rootless)) result.options.emplace_back("nodev");
    return result;
}

oci::SpecHook spec_hook(const cdi::Hook& hook, bool external) {
    // It is a program of the container, and would run with its rights in the middle of our init.
    if (hook.name == "startContainer" && !external)
        throw Error(ErrorKind::unsupported,
                    "the CDI specification has a startContainer hook ('{}'), which skiff's own "
                    "launcher does not run; --runtime crun or runc does",
                    hook.path);
    return {hook.name, hook.path, hook.arguments, hook.environment, hook.timeout};
}

void refuse_what_nobody_does(const cdi::Edits& edits) {
    if (edits.has_intel_rdt)
        throw Error(
            ErrorKind::unsupported,
            "the CDI specification has intelRdt edits (shares of cache and memory bandwidth), "
            "which skiff does not make");
    if (edits.has_net_devices)
        throw Error(ErrorKind::unsupported,
                    "the CDI specification has netDevices edits (network interfaces of the host), "
                    "which skiff does not make");
}

}  // namespace

bool wants_cdi_devices(const CreateRequest& request) {
    return !request.cdi_devices.empty() || !request.gpus.empty();
}

CdiDevices find_cdi_devices(const CreateRequest& request, bool rootless) {
    CdiDevices devices;
    if (!wants_cdi_devices(request)) return devices;
    const cdi::Catalog catalog(request.cdi_directories);
    std::vector<std::string> names;
    for (const GpuRequest& gpu : request.gpus)
        std::ranges::move(gpu_names(gpu, catalog), std::back_inserter(names));
    std::ranges::copy(request.cdi_devices, std::back_inserter(names));
    cdi::Edits edits = catalog.edits_for(names);
    refuse_what_nobody_does(edits);
    for (const cdi::DeviceNode& node : edits.device_nodes)
        devices.nodes.push_back(host_device(node, devices.less));
    for (const cdi::Mount& mount : edits.mounts)
        devices.mounts.push_back(spec_mount(mount, rootless));
    for (const cdi::Hook& hook : edits.hooks)
        devices.hooks.push_back(spec_hook(hook, !request.runtime.empty()));
    devices.environment = std::move(edits.environment);
    devices.groups = std::move(edits.additional_gids);
    return devices;
}

void add_to_facts(const CdiDevices& devices, SpecFacts& facts) {
    std::ranges::copy(devices.environment, std::back_inserter(facts.extra_environment));
    std::ranges::copy(devices.mounts, std::back_inserter(facts.extra_mounts));
    std::ranges::copy(devices.hooks, std::back_inserter(facts.hooks));
}

void add_groups(const CdiDevices& devices, std::vector<std::uint32_t>& groups) {
    for (const std::uint32_t group : devices.groups)
        if (std::ranges::find(groups, group) == groups.end()) groups.push_back(group);
}

}  // namespace skiff::engine
