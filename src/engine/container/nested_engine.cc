// SPDX-License-Identifier: Apache-2.0
#include "engine/container/nested_engine.h"

#include <algorithm>
#include <array>

#include <fcntl.h>

#include <sys/stat.h>

#include "base/error.h"
#include "base/fd.h"
#include "engine/container/namespace_sharing.h"

namespace skiff::engine {
namespace {

// As many as an image may use, and a user has by default.
constexpr std::string_view ids_of_engine = "auto:size=65536";

/// Its owner, root, is nobody in the container.
bool is_open_to_all(const char* path) {
    constexpr mode_t read_and_write = 06;
    struct stat status{};
    const Fd node = find_at(AT_FDCWD, path, O_PATH);
    return node.valid() && fstat(node.get(), &status) == 0 && S_ISCHR(status.st_mode) &&
           (status.st_mode & read_and_write) == read_and_write;
}

}  // namespace

void settle_nested(const Engine& engine, ContainerRecord& record) {
    if (!record.request.security.nested) return;
    if (record.built_in == "host")
        throw Error(ErrorKind::unsupported,
                    "--nested cannot be had with the image host, whose containers have no ids to "
                    "give away");
    if (record.request.namespaces.pid == "host")
        throw Error(ErrorKind::usage,
                    "conflicting options: --nested and --pid host (nothing would cover the host's "
                    "/proc)");
    if (engine.rootless()) {
        if (!joined_container(record).empty())
            throw Error(ErrorKind::unsupported,
                        "--nested wants a user namespace that no other container is in: without "
                        "root it cannot be had with namespaces of another container");
        return;
    }
    std::string& mode = record.request.namespaces.user;
    if (mode == "host")
        throw Error(ErrorKind::usage,
                    "conflicting options: --nested and --userns host (as root a container with "
                    "--nested has a user namespace of its own)");
    if (mode.empty()) mode = ids_of_engine;
}

std::vector<DeviceRequest> wanted_devices(const CreateRequest& request) {
    std::vector<DeviceRequest> devices = request.devices;
    if (!request.security.nested) return devices;
    constexpr std::array<const char*, 2> of_engine{"/dev/net/tun", "/dev/fuse"};
    for (const char* path : of_engine) {
        const bool given = std::ranges::any_of(
            devices, [&](const DeviceRequest& device) { return device.target == path; });
        if (!given && is_open_to_all(path)) devices.push_back({path, path, "rwm"});
    }
    return devices;
}

}  // namespace skiff::engine
