// SPDX-License-Identifier: Apache-2.0
// Who `--user` means, by the container's own /etc/passwd and /etc/group, which are the image's and
// not trusted.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/root_dir.h"

namespace skiff::engine {

struct ContainerUser {
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t> groups;
    std::string home = "/";
};

/// `text` is "", "user", "uid", "user:group", "uid:gid" and mixtures, as Docker takes it: a number
/// that is no name is that id even without an entry; supplementary groups come from /etc/group
/// unless a group was named.
///
/// Numbers are 0 to 2^31-1, read strictly ("1x" is a name, "-1" an error; CVE-2026-30892). Files
/// above 16 MiB, lines above 64 KiB and users in more than 65536 groups are refused. Throws
/// Error{not_found} "unable to find user nosuchuser: no matching entries in passwd file",
/// Error{invalid} for ids out of range.
///
/// `added` are names and numbers of groups beside those (--group-add); "keep-groups" is passed
/// over. Throws Error{not_found} "Unable to find group nosuchgroup".
ContainerUser resolve_user(const RootDir& root, const std::string& text,
                           const std::vector<std::string>& added = {});

}  // namespace skiff::engine
