// SPDX-License-Identifier: Apache-2.0
// --nested: what an engine that runs in a container needs for containers of its own.
//
// Such an engine makes a user namespace below the container's, and in it is its own master. For
// that it needs the calls that make and enter namespaces and mount things there (the default
// seccomp profile keeps them for CAP_SYS_ADMIN), a /proc and a /sys that nothing covers (the kernel
// lets nobody mount a procfs in a namespace who sees only a part of one), a file system for its
// images that is no overlay, and /dev/net/tun and /dev/fuse.
//
// No right over the host comes with it, and no capability: the container has its usual ones, over
// its own user namespace alone. So as root it has one (--userns auto), and rootless it is never in
// one that other containers are in as well: what the masks would hide there is closed by the
// owners of these files.
#pragma once

#include <string_view>
#include <vector>

#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

/// A volume of the container's own, unless something else is mounted there.
inline constexpr std::string_view nested_store = "/var/lib/skiff";

/// When the container is made: its user namespace. Throws Error{usage} for --userns host as root,
/// Error{unsupported} where the container cannot have one of its own.
void settle_nested(const Engine& engine, ContainerRecord& record);

/// --device and, nested, those of the devices above that are here and open to everybody.
std::vector<DeviceRequest> wanted_devices(const CreateRequest& request);

}  // namespace skiff::engine
