// SPDX-License-Identifier: Apache-2.0
// --userns: whose ids a container has.
//
// A layout other than the default is a user namespace of the container's own, below the one of its
// monitor, which stays the store's (rootless) or the host's: so what containers lend each other
// never has anybody's special maps. The maps are settled when the container is made and kept in its
// record: what it wrote means the same at every start.
//
//     keep-id   rootless: the caller has uid and gid inside, root is a subordinate id
//     nomap     rootless: the caller is nobody inside
//     auto      ids that no other container with `auto` has, from those of the caller, or, as root,
//               of the user "containers" in /etc/subuid and /etc/subgid
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/file_lock.h"
#include "engine/container/record.h"
#include "engine/engine.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

struct IdLayout {
    enum class Kind { shared, keep_id, nomap, automatic };
    Kind kind = Kind::shared;
    std::optional<std::uint32_t> uid;  ///< keep-id: in place of the caller's
    std::optional<std::uint32_t> gid;
    std::optional<std::uint32_t> size;    ///< of keep-id and auto: how many ids
    std::vector<runtime::IdExtent> uids;  ///< auto: given by the user
    std::vector<runtime::IdExtent> gids;
};

/// "" and "host" are the default. Throws Error{usage} in podman's words.
IdLayout parse_id_layout(std::string_view mode);

/// Where `auto` finds ids as root when nobody is called "containers": a part of the range that
/// systemd's UIDS-GIDS document leaves to containers, above what useradd(8) gives to users.
inline constexpr runtime::SubordinateRange default_auto_range{1U << 30U, 1U << 29U};

/// At the creation of a container: its maps, the user that goes with them, and the caller's
/// account. With `auto` the lock is to be held until the record is written: by then others see what
/// is taken. Throws Error{unsupported} with the reason where there are no such ids to be had.
std::optional<FileLock> settle_id_maps(const Engine& engine, ContainerRecord& record);

/// Whether a program with this uid is the caller of keep-id: with another --user it is not.
bool is_caller(const ContainerRecord& record, std::uint32_t uid);

/// Where the program lives that has the caller's account: at home, if that is mounted.
std::string home_of_caller(const ContainerRecord& record);

}  // namespace skiff::engine
