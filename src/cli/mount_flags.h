// SPDX-License-Identifier: Apache-2.0
// -v, --mount and --tmpfs: from the text typed to a MountRequest. Nothing is looked up on the disk.
//
// Targets are cleaned ("/a/./b/" is "/a/b") and absolute. A host path may begin with "." and is
// then relative to the working directory, as in Docker's own client.
#pragma once

#include <string_view>
#include <vector>

#include "engine/container/request.h"

namespace skiff::cli {

/// "/host:/target[:mode,…]", "volume:/target[:mode,…]" or "/target". Throws Error{usage}.
engine::MountRequest parse_volume_flag(std::string_view text);

/// "type=bind,source=/host,target=/target,readonly". Throws Error: invalid with the reason alone,
/// unsupported for types that other engines have.
engine::MountRequest parse_mount_flag(std::string_view text);

/// "/target[:size=64m,noexec,…]". Throws Error{usage}.
engine::MountRequest parse_tmpfs_flag(std::string_view text);

/// "container[:ro|rw,z|Z]" as it is. Throws Error{usage}.
std::string checked_volumes_from(std::string_view text);

/// Throws Error{usage} where two mounts have one target.
void check_mount_targets(const std::vector<engine::MountRequest>& mounts);

}  // namespace skiff::cli
