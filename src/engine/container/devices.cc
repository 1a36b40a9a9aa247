// SPDX-License-Identifier: Apache-2.0
#include "engine/container/devices.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>

#include <fcntl.h>

#include <linux/mount.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/file.h"
#include "base/text.h"
#include "runtime/host_devices.h"

namespace skiff::engine {
namespace {

constexpr std::string_view dev = "/dev/";
constexpr int deepest = 16;  ///< directories below a --device

/// What is not there is 127 to Docker, too, whose words these are.
[[noreturn]] void refuse(const std::string& path, std::string_view why,
                         ErrorKind kind = ErrorKind::invalid) {
    throw Error(kind, "error gathering device information while adding custom device {}: {}",
                quoted(path), why);
}

bool is_node(const struct stat& status) {
    return S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode);
}

HostDevice device_of(std::string path, std::string target, const struct stat& status,
                     const std::string& access) {
    return {std::move(path),       std::move(target),     S_ISBLK(status.st_mode),
            major(status.st_rdev), minor(status.st_rdev), access};
}

/// Nodes only, never through a link: what else is there is passed over, and what the container has
/// of its own at that place.
void collect(int directory, const std::string& path, const std::string& target,
             const std::string& access, std::vector<HostDevice>& devices, int depth) {
    for (const std::string& name : list_directory(directory)) {
        struct stat status{};
        const Fd entry = find_at(directory, name, O_PATH | O_NOFOLLOW);
        if (!entry.valid() || fstat(entry.get(), &status) < 0) continue;
        const std::string source = fmt::format("{}/{}", path, name);
        const std::string below = fmt::format("{}/{}", target, name);
        if (runtime::is_own_of_container(below)) continue;
        if (is_node(status)) {
            devices.push_back(device_of(source, below, status, access));
        } else if (S_ISDIR(status.st_mode) && depth < deepest) {
            try {
                const Fd inner = find_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
                if (inner.valid()) collect(inner.get(), source, below, access, devices, depth + 1);
            } catch (const SystemError& error) {
                if (error.errno_value() != EACCES) throw;  // not for us to read
            }
        }
    }
}

bool names_mknod(const SecurityRequest& security) {
    return std::ranges::find(security.cap_add, "CAP_MKNOD") != security.cap_add.end();
}

bool has(const std::string& access, char letter) {
    return access.find(letter) != std::string::npos;
}

}  // namespace

std::vector<HostDevice> gather_devices(const std::vector<DeviceRequest>& requests) {
    std::vector<HostDevice> devices;
    for (const DeviceRequest& request : requests) {
        const std::unique_ptr<char, decltype(&std::free)> real(
            realpath(request.path.c_str(), nullptr), &std::free);
        if (!real)
            refuse(request.path, to_lower(errno_text(errno)),
                   errno == ENOENT ? ErrorKind::command_missing : ErrorKind::invalid);
        const std::string path = real.get();
        const Fd opened = find_at(AT_FDCWD, path, O_PATH | O_NOFOLLOW);
        struct stat status{};
        if (!opened.valid() || fstat(opened.get(), &status) < 0) refuse(request.path, "it is gone");
        if (is_node(status)) {
            devices.push_back(device_of(path, request.target, status, request.access));
            continue;
        }
        const size_t before = devices.size();
        if (S_ISDIR(status.st_mode))
            collect(open_at(AT_FDCWD, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW).get(), path,
                    request.target, request.access, devices, 0);
        if (devices.size() == before) refuse(request.path, "not a device node");
    }
    return devices;
}

bool wants_device_group(const CreateRequest& request) {
    if (request.security.privileged || !request.runtime.empty()) return false;
    return !request.devices.empty() || !request.cdi_devices.empty() || !request.gpus.empty() ||
           makes_devices(request);
}

bool makes_devices(const CreateRequest& request) {
    return !request.device_rules.empty() || names_mknod(request.security);
}

bool is_device_rule(std::string_view text) {
    return runtime::parse_device_rule(text).has_value();
}

std::vector<runtime::DeviceRule> device_rules(const CreateRequest& request,
                                              const std::vector<HostDevice>& devices) {
    std::vector<runtime::DeviceRule> rules = runtime::default_device_rules();
    for (const HostDevice& device : devices)
        if (!device.access.empty())
            rules.push_back({device.is_block ? 'b' : 'c', device.major, device.minor,
                             has(device.access, 'r'), has(device.access, 'w'),
                             has(device.access, 'm')});
    for (const std::string& text : request.device_rules)
        if (const auto rule = runtime::parse_device_rule(text)) rules.push_back(*rule);
    return rules;
}

std::vector<std::string> unwatched_devices(const CreateRequest& request,
                                           const std::vector<HostDevice>& devices) {
    constexpr std::string_view why =
        "no control group watches devices here, which takes root and the controller 'devices' or "
        "version 2";
    std::vector<std::string> sentences;
    for (const HostDevice& device : devices)
        if (!has(device.access, 'r') || !has(device.access, 'w'))
            sentences.push_back(
                fmt::format("the device {} can be used in every way, not only "
                            "'{}': {}",
                            device.target, device.access.empty() ? "none" : device.access, why));
    if (!request.device_rules.empty())
        sentences.push_back(
            fmt::format("--device-cgroup-rule allows nothing, since nodes that are "
                        "made inside cannot be opened: {}",
                        why));
    return sentences;
}

void add_devices(const std::vector<HostDevice>& devices, runtime::LaunchPlan& plan) {
    for (const HostDevice& device : devices) {
        const bool in_dev = plan.populate_dev && device.target.starts_with(dev);
        std::erase_if(plan.devices, [&](const runtime::DeviceStep& step) {
            return fmt::format("{}{}", dev, step.name) == device.target;
        });
        std::erase_if(plan.mounts,
                      [&](const runtime::MountStep& step) { return step.target == device.target; });
        if (in_dev) {
            runtime::DeviceStep step;
            step.name = device.target.substr(dev.size());
            step.source = device.path;
            step.major = device.major;
            step.minor = device.minor;
            step.is_block = device.is_block;
            plan.devices.push_back(std::move(step));
            continue;
        }
        runtime::MountStep step;
        step.kind = runtime::MountStep::Kind::attach;
        step.target = device.target;
        step.source = device.path;
        // As open_device has it: the node itself is the host's.
        step.attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC;
        plan.mounts.push_back(std::move(step));
    }
}

void add_device_binds(const std::vector<HostDevice>& devices, oci::RuntimeSpec& spec) {
    for (const HostDevice& device : devices) {
        std::erase_if(spec.mounts, [&](const oci::SpecMount& mount) {
            return mount.destination == device.target;
        });
        spec.mounts.push_back(
            {device.target, "bind", device.path, {"bind", "rprivate", "nosuid", "noexec"}});
    }
}

}  // namespace skiff::engine
