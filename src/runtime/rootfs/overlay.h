// SPDX-License-Identifier: Apache-2.0
// The container's root file system, as a detached mount that nobody else sees.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"

namespace skiff::runtime {

struct OverlayRequest {
    /// Where relative paths begin and the mount is made for a moment: a directory of the store that
    /// nobody else looks into in this mount namespace.
    std::string base_directory;
    std::vector<std::string>
        lower;  ///< top layer first; relative to base_directory keeps the option page small
    std::string spare_lower =
        {};             ///< "" or one below all others, left out when the options do not fit
    std::string upper;  ///< "": read-only, of two lower layers at least
    std::string work;
    /// Lower layers are shown by the maps of this user namespace; borrowed; -1: as they are.
    int id_map = -1;
    bool user_xattr = false;   ///< in a user namespace: overlay's marks are user.overlay.*
    bool is_volatile = false;  ///< never sync: for a root that does not outlive its container
    bool no_devices = true;    ///< nodev: device nodes of an image, or made inside, open nothing
};

/// Mounts an overlay and returns it detached (open_tree(2) OPEN_TREE_CLONE).
///
/// The caller is root of its mount namespace, which is its own: a mount is visible in it for a
/// moment. Throws Error{unsupported} naming the cause where the kernel or the file system of
/// `upper` cannot do it.
Fd mount_overlay(const OverlayRequest& request);

/// A private detached copy of the directory tree `path` (no overlay: single writable directory).
Fd clone_directory(const std::string& path);

}  // namespace skiff::runtime
