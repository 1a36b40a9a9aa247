// SPDX-License-Identifier: Apache-2.0
// Copies directory trees between root file systems: what an image has at the place of a new volume.
//
// Both sides are the attacker's: every object is opened by a single name in a directory that is
// held, and no link is ever followed (security row 26).
#pragma once

#include <functional>
#include <string>

#include <sys/types.h>

#include "base/root_dir.h"

namespace skiff::engine {

/// What owner and group become on the way; null: they stay.
struct IdTranslation {
    std::function<uid_t(uid_t)> uid;
    std::function<gid_t(gid_t)> gid;
};

/// Marks by which a layer hides what is below it (user.overlay.opaque): a layer's copy has them.
enum class LayerMarks { drop, keep };

/// Copies what is in `from` into the empty directory `to`, and the owner, mode, attributes and
/// times of `from` itself to `to`. Files keep owner, mode, times, holes, extended attributes and,
/// among each other, their hard links; device nodes that may not be made are left out. Runs as root
/// of the store's user namespace. Throws SystemError naming the object.
void copy_tree(const RootDir& from, const RootDir& to, const IdTranslation& translation = {},
               LayerMarks marks = LayerMarks::drop);

/// Owner, mode, attributes and times of one directory to another.
void copy_directory_attributes(int from, int to, const IdTranslation& translation = {});

/// Attributes that travel from one open file to another (storage/archive/xattrs.h); `path` is for
/// messages. What the file system of `to` does not take is left out.
void copy_portable_xattrs(int from, int to, const std::string& path);

/// Gives `directory` and everything below it to these ids, links themselves included.
void give_tree(const RootDir& directory, uid_t uid, gid_t gid);

}  // namespace skiff::engine
