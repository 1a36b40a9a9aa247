// SPDX-License-Identifier: Apache-2.0
// The maps of a container with a user namespace of its own (--userns): arithmetic only.
//
// All "outside" ids are those of the user namespace that the new one is below: rootless the
// store's, in which 0 is the caller and everything from 1 on is lent by /etc/subuid; as root the
// host's.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "runtime/userns/id_map.h"
#include "runtime/userns/subordinate_ids.h"

namespace skiff::runtime {

/// The ids inside `map` but for 0, ascending and merged.
std::vector<SubordinateRange> lendable_ids(std::span<const IdExtent> map);

/// `ranges` without what `used` maps outside; ascending and merged.
std::vector<SubordinateRange> free_ids(std::span<const SubordinateRange> ranges,
                                       std::span<const IdExtent> used);

/// Outside 0 is `kept` inside; every other id from 0 on is one of `ranges`, in their order. With
/// `size` (at least 1) the map has so many ids, that of the caller among them. Throws
/// Error{invalid} where there are not so many.
std::vector<IdExtent> keep_id_map(std::uint32_t kept, std::span<const SubordinateRange> ranges,
                                  std::optional<std::uint32_t> size = {});

/// Inside 0, 1, … are the ranges, in their order: outside 0 is nobody.
std::vector<IdExtent> nomap_map(std::span<const SubordinateRange> ranges);

/// `given`, and the lowest of `free` for the lowest ids inside that it leaves out, until the map
/// has `size` ids. Throws Error{conflict} in podman's words where there are not so many.
std::vector<IdExtent> automatic_map(std::span<const IdExtent> given,
                                    std::span<const SubordinateRange> free, std::uint32_t size);

/// The same map in extents of which each lies in one extent of `parent`, the map of the namespace
/// above (its inside ids are our outside ones): the kernel refuses others with EPERM. Ids that
/// `parent` has not are dropped.
std::vector<IdExtent> along_extents(std::span<const IdExtent> map,
                                    std::span<const IdExtent> parent);

/// An outside id that `map` does not map: 0, or the lowest of `ranges`. What belongs to it is
/// nobody's inside. Nothing where all are mapped.
std::optional<std::uint32_t> unmapped_id(std::span<const IdExtent> map,
                                         std::span<const SubordinateRange> ranges);

/// Every id inside is the same outside: nothing has to be shown otherwise.
bool is_identity(std::span<const IdExtent> map);

}  // namespace skiff::runtime
