// SPDX-License-Identifier: Apache-2.0
// The one module that opens, creates or removes a path inside a root file system (lower half).
//
// An image, a layer, a volume and a running container are the attacker's: any component of any path
// in them may be, or become, a symbolic link. So paths are resolved by the kernel, in one step,
// against a directory descriptor (openat2), and whoever creates something does it by a single name
// in a directory that was opened like this. A lint (tests/lint/raw_paths) bans the raw calls
// elsewhere.
//
// These functions run between clone and exec too: no allocation, no exception, no lock; they return
// a non-negative descriptor (or 0) or -errno. base/root_dir.h is the comfortable half for everyone
// else.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sys/types.h>

namespace skiff::in_root {

/// openat2(2) with RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS: links are followed as after
/// chroot(root). `flags` get O_CLOEXEC. Returns a descriptor owned by the caller, or -errno.
int open(int root, const char* path, int flags, mode_t mode = 0) noexcept;

/// openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS: no link is
/// followed at all, "..", absolute paths and links give -EXDEV or -ELOOP. For archive members.
int open_beneath(int root, const char* path, int flags, mode_t mode = 0) noexcept;

enum class Target { directory, file };

/// Opens the mount target `path` (O_PATH) as after chroot(root), making what is missing:
/// directories 0755, a final empty file 0644 for Target::file, all owned by the caller's
/// file-system ids. Dangling links are followed inside the root, at most 40 of them. An existing
/// object of either type is accepted; the caller's mount fails with ENOTDIR when types differ.
int open_target(int root, const char* path, Target kind) noexcept;

}  // namespace skiff::in_root
