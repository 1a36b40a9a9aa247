// SPDX-License-Identifier: Apache-2.0
// Which extended attributes travel between an archive and a tree, and how.
#pragma once

#include <string>
#include <string_view>

namespace skiff::storage {

/// How overlayfs is to be told about deletions: "trusted." needs CAP_SYS_ADMIN in the initial user
/// namespace, "user." is read under the mount option userxattr.
enum class OverlayXattrs { trusted, user };

inline constexpr std::string_view opaque_mark = "y";
/// "trusted.overlay.opaque" or "user.overlay.opaque".
const char* opaque_xattr(OverlayXattrs kind);

/// Owner and mode of a file that could not be given them, as fuse-overlayfs and containers-storage
/// keep them: "UID:GID:MODE", the mode in octal.
inline constexpr const char* override_xattr = "user.containers.override_stat";

/// Whether an image may set (and an archive of ours may hold) this attribute: user.*,
/// security.capability and POSIX ACLs. Refused are overlayfs's own (they redirect lookups),
/// recorded owners, labels of the host's security modules, and the rest of trusted.*, which a
/// container could not have set.
bool is_portable_xattr(std::string_view name);

/// A security.capability value in its form of version 2, without the id of a user namespace's root:
/// what holds in one namespace means nothing in the next. The kernel adds the id again where one is
/// needed (capabilities(7), "File capability extended attribute versioning"). Values of other
/// versions are returned as they are.
std::string capability_without_root(std::string value);

}  // namespace skiff::storage
