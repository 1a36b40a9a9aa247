// SPDX-License-Identifier: Apache-2.0
// A file system mounted for one container alone.
#pragma once

#include <string>

#include "base/fd.h"

namespace skiff::runtime {

struct DetachedMountRequest {
    std::string type;         ///< as mount(8) -t
    std::string device;       ///< what is mounted
    unsigned long flags = 0;  ///< MS_…
    std::string data;         ///< the file system's own options
    /// A directory at which it is mounted for a moment: one that nobody else looks into in this
    /// mount namespace.
    std::string place;
};

/// Mounts it and returns it detached. The caller is root of its mount namespace, which is its own.
/// Throws SystemError.
Fd mount_detached(const DetachedMountRequest& request);

}  // namespace skiff::runtime
