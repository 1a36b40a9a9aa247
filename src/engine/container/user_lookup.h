// SPDX-License-Identifier: Apache-2.0
// The user of a container that never ran: found in its image, as a start would.
#pragma once

#include "engine/container/record.h"
#include "engine/container/user.h"
#include "engine/engine.h"

namespace skiff::engine {

/// Mounts the image's layers for a moment, in a child. Throws what resolve_user does, and
/// Error{not_found} when a layer is missing.
ContainerUser look_up_user(const Engine& engine, const ContainerRecord& record);

}  // namespace skiff::engine
