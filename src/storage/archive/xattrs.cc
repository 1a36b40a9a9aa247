// SPDX-License-Identifier: Apache-2.0
#include "storage/archive/xattrs.h"

#include <cstdint>
#include <cstring>

#include <endian.h>

#include <linux/capability.h>

namespace skiff::storage {

const char* opaque_xattr(OverlayXattrs kind) {
    return kind == OverlayXattrs::trusted ? "trusted.overlay.opaque" : "user.overlay.opaque";
}

bool is_portable_xattr(std::string_view name) {
    if (name.starts_with("user."))
        return !name.starts_with("user.overlay.") && !name.starts_with("user.containers.");
    return name == "security.capability" || name == "system.posix_acl_access" ||
           name == "system.posix_acl_default";
}

std::string capability_without_root(std::string value) {
    uint32_t magic = 0;
    if (value.size() != XATTR_CAPS_SZ_3) return value;
    std::memcpy(&magic, value.data(), sizeof magic);
    magic = le32toh(magic);
    if ((magic & VFS_CAP_REVISION_MASK) != VFS_CAP_REVISION_3) return value;
    magic = htole32((magic & ~static_cast<uint32_t>(VFS_CAP_REVISION_MASK)) | VFS_CAP_REVISION_2);
    std::memcpy(value.data(), &magic, sizeof magic);
    value.resize(XATTR_CAPS_SZ_2);
    return value;
}

}  // namespace skiff::storage
