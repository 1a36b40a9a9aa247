// SPDX-License-Identifier: Apache-2.0
// Where a container's groups belong. Pure, but for what `find_…` asks.
//
// As root they are `skiff/<id>` at the top of each hierarchy, made by mkdir(2), with or without
// systemd. A transient scope for each container would be the book's way where systemd runs; it
// costs a round trip through the bus and a job, milliseconds for what is 0.1 ms. What speaks for
// the book was weighed: systemd does not remove groups it does not know; it cannot take a
// controller away from `skiff`, which hands it on (EBUSY); and a group of our own outlives the
// session or the service that started it, as people expect of `run -d`. For that last reason the
// monitors are in a group of their own, too: `skiff/monitors`, since v2 allows no processes beside
// a group's children.
//
// Rootless there is nothing to write to but what systemd delegates: systemd_scope.h.
//
// A group that somebody else made for us (a batch system's, a build agent's) is left alone: its
// owner does not expect children in it, and a container moved out of it would escape what it was
// made for. There we take part only where the caller owns it.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/cgroup/hierarchies.h"

namespace skiff::runtime {

/// One group of a container. A list of them is what state.json keeps.
struct ContainerGroup {
    std::string hierarchy;  ///< "unified", or the v1 controller it is used for
    std::string path;       ///< absolute, on the host
    bool operator==(const ContainerGroup&) const = default;
};

struct GroupLocation {
    std::vector<ContainerGroup> groups;
    /// v2: where the monitor is to be born; "": where its parent is.
    std::string monitor;
};

/// What a container needs of its groups beside freezing, killing and counting.
struct GroupWish {
    std::vector<std::string_view> controllers;  ///< by their names in v1, for its limits
    std::string parent;                         ///< --cgroup-parent: "/a/b"; "": "/skiff"
};

struct GroupCaller {
    bool root = false;  ///< of the initial user namespace
    /// May make children in the unified group it is in: it is the owner of the directory.
    bool owns_unified = false;
};

/// Empty where there is no place for `id` (64 hexadecimal digits) without asking anybody. A v1
/// controller that a limit needs is used also inside a group that somebody else made for us: there
/// the container stays below what limits us.
GroupLocation locate_groups(const std::vector<CgroupHierarchy>& hierarchies, std::string_view id,
                            const GroupCaller& caller, const GroupWish& wish = {});

/// --cgroup-parent as a plain path with one leading '/'; nothing when it leads out ("..").
std::optional<std::string> plain_cgroup_parent(std::string_view text);

/// The place of a container inside `scope`, an absolute path that systemd delegated.
GroupLocation locate_in_scope(const std::string& scope);

/// The name of that scope.
std::string scope_name(std::string_view id);

/// What locate_groups asks of this process.
GroupCaller find_group_caller(const std::vector<CgroupHierarchy>& hierarchies, bool root);

/// One word for a command line: "unified=/sys/fs/cgroup/skiff/ID,memory=…"; "" for none.
std::string to_word(const std::vector<ContainerGroup>& groups);
std::vector<ContainerGroup> parse_groups_word(std::string_view word);

/// Whether `group` can be the one of container `id`: the path is plain and ends in a name that
/// carries the id. Whatever a file says, nothing else is ever emptied or removed.
bool belongs_to(const ContainerGroup& group, std::string_view id);

}  // namespace skiff::runtime
