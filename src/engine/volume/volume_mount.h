// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "base/fd.h"
#include "engine/engine.h"
#include "engine/volume/volume_store.h"

namespace skiff::engine {

struct MountedVolume {
    Fd tree;                ///< detached
    std::string host_path;  ///< of what o=bind shows, without links; ""
};

/// What the options of a volume (type, device, o) mount in place of its _data: for one container,
/// in whose mount namespace it ends. (Two containers that mount one device or network directory
/// have one file system; a tmpfs is each container's own.) Runs in the monitor; what a user may not
/// mount is refused with the kernel's reason.
MountedVolume mount_volume(const Engine& engine, const VolumeRecord& volume,
                           bool in_user_namespace);

}  // namespace skiff::engine
