// SPDX-License-Identifier: Apache-2.0
// The ids that /etc/subuid and /etc/subgid lend to a user.
//
// What is read here only decides what skiff asks for: newuidmap(1) and newgidmap(1) decide again.
// The checks are for the mistakes that those let through (security: a range that contains the
// user's own id or 0 would give one host id two names in the container).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

namespace skiff::runtime {

/// Ids `first` … `first + count - 1`, as seen from outside the user namespace. count > 0, the end
/// fits 32 bits.
struct SubordinateRange {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
    bool operator==(const SubordinateRange&) const = default;
};

/// Whose ranges are looked for: a line may begin with the name or with the number.
struct SubordinateOwner {
    std::string name;  ///< may be empty when unknown
    uid_t uid = 0;     ///< lines of both files are found by uid
    std::uint32_t own_id =
        0;  ///< the caller's uid (subuid) or gid (subgid): no range may contain it
};

/// The ranges of `owner` in the text of /etc/subuid or /etc/subgid, in the order of the file, so
/// that a line appended later only extends an id map. Overlapping and adjoining ranges are merged;
/// lines of others, comments and empty lines are skipped, however malformed. Throws Error{invalid}
/// naming `file` and line for a malformed line of the owner, a range that overflows, that contains
/// 0, (uint32)-1 or the owner's own id.
std::vector<SubordinateRange> parse_subordinate_ids(std::string_view text, std::string_view file,
                                                    const SubordinateOwner& owner);

/// The login name of `uid` in the text of /etc/passwd; empty when there is none.
std::string find_user_name(std::string_view passwd, uid_t uid);

}  // namespace skiff::runtime
