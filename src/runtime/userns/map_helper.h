// SPDX-License-Identifier: Apache-2.0
// newuidmap(1) and newgidmap(1): where they are, and why they failed.
//
// They are setuid programs of the shadow project whose own messages are terse ("write to uid_map
// failed: Operation not permitted"). What stands behind is found out afterwards, so that the
// message can name the remedy.
#pragma once

#include <string>
#include <string_view>

#include "base/process.h"

namespace skiff::runtime {

/// What may keep a helper from having the right to write a map.
struct HelperFacts {
    bool privileged = false;         ///< setuid root, or a file capability
    bool nosuid_mount = false;       ///< on a file system mounted nosuid
    bool no_new_privileges = false;  ///< the calling process has no_new_privs set
};
HelperFacts inspect_helper(const std::string& path);

/// The path of "newuidmap" or "newgidmap" in the directories of the fixed PATH; $PATH is not asked,
/// since it may name anything. Throws Error{unsupported} with the package to install.
std::string find_map_helper(std::string_view name);

/// The sentence for a helper that did not succeed: its own last line, what it means, and what to
/// do. `grant_file` is /etc/subuid or /etc/subgid.
std::string explain_helper_failure(std::string_view path, const HelperResult& result,
                                   const HelperFacts& facts, std::string_view grant_file);

}  // namespace skiff::runtime
