// SPDX-License-Identifier: Apache-2.0
// mount(8) words as flags, attributes and data.
#pragma once

#include <span>
#include <string>

namespace skiff::runtime {

struct MountOptions {
    unsigned long flags = 0;  ///< MS_NOSUID … for mount(2)
    unsigned long long attributes =
        0;  ///< MOUNT_ATTR_… for mount_setattr(2): the same, of one mount
    /// "ro" alone, of an attached tree: its top is read-only and its submounts are what they are;
    /// "rro" is among `attributes`, as every other word, which hold for all of the tree.
    unsigned long long top_attributes = 0;
    unsigned long propagation = 0;  ///< MS_PRIVATE, MS_SLAVE, MS_SHARED or 0
    bool bind = false;
    bool recursive = false;
    std::string data;  ///< what is not a flag, joined by commas: for the file system itself
};

/// Later words win over earlier ones ("ro,rw" is rw).
MountOptions parse_mount_options(std::span<const std::string> words);

}  // namespace skiff::runtime
