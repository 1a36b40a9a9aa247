// SPDX-License-Identifier: Apache-2.0
// Which id inside a user namespace is which id outside. Pure values; written by map_writer.h.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "runtime/userns/subordinate_ids.h"

namespace skiff::runtime {

/// `count` ids from `inside` on are those from `outside` on, as the caller's own user namespace
/// counts them.
struct IdExtent {
    std::uint32_t inside = 0;
    std::uint32_t outside = 0;
    std::uint32_t count = 0;
    bool operator==(const IdExtent&) const = default;
};

/// At most this many extents in one map (Linux 4.15, user_namespaces(7)).
inline constexpr size_t max_id_extents = 340;

struct IdMaps {
    std::vector<IdExtent> uids;
    std::vector<IdExtent> gids;
    bool operator==(const IdMaps&) const = default;
    /// One uid and one gid: the tier of users without a range, in which setgroups(2) is denied.
    bool single_id() const {
        return uids.size() == 1 && uids[0].count == 1 && gids.size() == 1 && gids[0].count == 1;
    }
};

/// Root inside is `own_id`; ids from 1 on are the ranges, one after the other.
/// Throws Error{invalid} when there are too many of them.
std::vector<IdExtent> make_id_map(std::uint32_t own_id, std::span<const SubordinateRange> ranges);

/// Throws Error{invalid} unless there are 1 to 340 extents, none empty, none past the last id, and
/// none overlapping another inside or outside. `what` is for the message ("the uid map").
void check_id_map(std::span<const IdExtent> map, std::string_view what);

/// Nothing when the id is not mapped.
std::optional<std::uint32_t> to_outside(std::span<const IdExtent> map, std::uint32_t inside);
std::optional<std::uint32_t> to_inside(std::span<const IdExtent> map, std::uint32_t outside);

/// The form of /proc/PID/uid_map: "inside outside count\n" per extent.
std::string to_kernel_text(std::span<const IdExtent> map);
/// The inverse; blanks as the kernel prints them. Throws Error{invalid} naming `what`; an empty
/// text is no extent (a namespace whose map was not yet written).
std::vector<IdExtent> parse_kernel_text(std::string_view text, std::string_view what);

/// The maps of a live process, as seen from the caller's user namespace. Throws SystemError.
IdMaps read_id_maps(pid_t pid);

/// Every id of the caller's own user namespace, each as itself; of others only the kernel's
/// CAP_SETUID and CAP_SETGID decide (map_writer.h). Throws SystemError.
IdMaps own_id_maps();

/// Files that say which ids a user has; replaced in tests.
struct IdSources {
    std::string subuid = "/etc/subuid";
    std::string subgid = "/etc/subgid";
    std::string passwd = "/etc/passwd";
};

/// The default maps of a user: own ids and the granted ranges, or the own ids only where neither
/// file has a range.
///
/// `login_name` is used when /etc/passwd does not list the uid (accounts from a directory service);
/// it need not be trusted, since newuidmap(1) judges again. Throws Error{invalid} for a malformed
/// or dangerous range, and when only one of the files has one (skiff never falls back to a single
/// id silently).
IdMaps default_id_maps(uid_t uid, gid_t gid, const std::string& login_name = {},
                       const IdSources& sources = {});

}  // namespace skiff::runtime
