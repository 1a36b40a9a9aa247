// SPDX-License-Identifier: Apache-2.0
// The root file system of one run: overlay over an image, over a directory (--rootfs DIR:O) or over
// a built-in image, or a directory itself.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/file_lock.h"
#include "engine/container/container_files.h"
#include "engine/engine.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

struct RootRequest {
    bool in_user_namespace = false;  ///< the monitor is in one: rootless
    bool opens_devices = false;      ///< the container may, as its group of devices allows
    const std::optional<runtime::IdMaps>& nested;  ///< whose root owns the writable layer
};

struct RootMount {
    Fd tree;                              ///< a detached mount
    FileLock built_in_lock;               ///< keeps the layer of a built-in image while it is held
    std::vector<std::string> unenforced;  ///< sentences: what was asked of it and has no effect
};

/// Makes upper/ and work/ in the container's directory where they are missing, and mounts. Throws
/// Error{not_found} where a layer is missing, SystemError.
RootMount mount_root(const Engine& engine, const ContainerFiles& files,
                     const ContainerRecord& record, const RootRequest& request);

}  // namespace skiff::engine
