// SPDX-License-Identifier: Apache-2.0
// A user namespace that a container has for itself, below the monitor's: --userns, and built-in
// images.
#pragma once

#include <optional>

#include <sys/types.h>

#include "engine/container/record.h"
#include "engine/container/spec_builder.h"
#include "engine/container/user.h"
#include "runtime/plan/plan_builder.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

/// The maps of a user namespace that the container has for itself, below ours; nothing: it has
/// ours.
std::optional<runtime::IdMaps> nested_id_maps(const ContainerRecord& record,
                                              const runtime::HostFacts& host);
/// What holds inside such a namespace.
runtime::HostFacts facts_of_nested(runtime::HostFacts host, const runtime::IdMaps& maps);
/// Puts such maps into the facts, by which the specification gets a user namespace.
void describe_maps(const runtime::IdMaps& maps, SpecFacts& facts);

struct Owner {
    uid_t uid = 0;
    gid_t gid = 0;
};
/// Root of the container, as our own user namespace counts it.
Owner root_owner(const std::optional<runtime::IdMaps>& nested);

/// Throws Error{invalid} naming an id of `user` that is not in `maps`, which are those of the
/// container: the kernel only says EINVAL, at whatever step first uses the id.
void require_mapped(const ContainerUser& user, const ContainerRecord& record,
                    const runtime::IdMaps& maps);

}  // namespace skiff::engine
