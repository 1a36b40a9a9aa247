// SPDX-License-Identifier: Apache-2.0
// Starting again what a restart policy wants running and nobody looks after.
#pragma once

#include "engine/engine.h"

namespace skiff::engine {

/// Starts the containers with a restart policy whose monitor was killed, or which another boot
/// left. One look at a folder that is absent or empty where there are none.
///
/// Processes of their own do it, away from the command, which waits for them for a second at most:
/// `start` of one may hang on a disk of the network. What fails is told to engine.warn, by this
/// command and, without another try, by those of the next ten seconds. Throws SystemError only when
/// the folder cannot be read or no process be made.
void revive(const Engine& engine);

}  // namespace skiff::engine
