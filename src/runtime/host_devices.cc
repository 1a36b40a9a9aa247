// SPDX-License-Identifier: Apache-2.0
#include "runtime/host_devices.h"

#include <algorithm>
#include <array>
#include <iterator>
#include <string_view>
#include <utility>

#include <fcntl.h>

#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/error.h"
#include "base/fd.h"
#include "base/file.h"

namespace skiff::runtime {
namespace {

constexpr std::array<std::string_view, 5> own{"console", "mqueue", "ptmx", "pts", "shm"};

/// `prefix` is empty or ends in '/'.
void collect(int directory, const std::string& prefix, std::vector<DeviceStep>& devices) {
    for (const std::string& name : list_directory(directory)) {
        if (prefix.empty() && std::ranges::find(own, name) != own.end()) continue;
        struct stat status{};
        if (fstatat(directory, name.c_str(), &status, AT_SYMLINK_NOFOLLOW) < 0) continue;  // gone
        if (S_ISDIR(status.st_mode)) {
            try {
                const Fd inner = open_at(directory, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
                collect(inner.get(), prefix + name + "/", devices);
            } catch (const SystemError&) {
                continue;  // not for us to read
            }
        } else if (S_ISCHR(status.st_mode) || S_ISBLK(status.st_mode)) {
            DeviceStep step;
            step.name = prefix + name;
            step.major = major(status.st_rdev);
            step.minor = minor(status.st_rdev);
            step.is_block = S_ISBLK(status.st_mode);
            step.optional = true;
            devices.push_back(std::move(step));
        }
    }
}

}  // namespace

std::vector<DeviceStep> find_host_devices() {
    std::vector<DeviceStep> devices;
    const Fd dev = open_file("/dev", O_RDONLY | O_DIRECTORY);
    collect(dev.get(), "", devices);
    std::ranges::sort(devices, {}, &DeviceStep::name);
    return devices;
}

bool is_own_of_container(std::string_view path) {
    constexpr std::string_view dev = "/dev/";
    if (!path.starts_with(dev)) return false;
    const std::string_view name = path.substr(dev.size(), path.find('/', dev.size()) - dev.size());
    return std::ranges::find(own, name) != own.end();
}

void add_host_devices(LaunchPlan& plan) {
    if (!plan.populate_dev) return;
    const auto present = [&](const DeviceStep& device) {
        const std::string path = "/dev/" + device.name;
        return std::ranges::any_of(plan.devices,
                                   [&](const DeviceStep& d) { return d.name == device.name; }) ||
               std::ranges::any_of(plan.mounts, [&](const MountStep& mount) {
                   return mount.target.starts_with("/dev/") &&
                          (path == mount.target || path.starts_with(mount.target + "/"));
               });
    };
    std::vector<DeviceStep> found = find_host_devices();
    std::erase_if(found, present);
    std::ranges::move(found, std::back_inserter(plan.devices));
}

}  // namespace skiff::runtime
