// SPDX-License-Identifier: Apache-2.0
// What was pulled reaches the disk while the user goes on: a process of its own settles it
// (storage/unsettled.h).
//
// Only a pull leaves that behind, for what is lost with the power can be pulled again. What a
// build, a commit, a load or an import made may be nowhere else, so these wait.
#pragma once

#include <string_view>

#include "engine/engine.h"
#include "storage/store.h"

namespace skiff::engine {

/// Starts a settler where something is unsettled, and returns at once. It has a session of its own
/// and nothing of the caller's (streams, terminal, directory, environment), does not end on SIGTERM
/// (it is over as soon as the disk is), and killed it leaves what the next pull, or the next run of
/// the image, starts again. `store` was opened before what is unsettled was written: see
/// storage::settle. Where no process can be started, settles here; throws what storage::settle
/// throws. The caller must have one thread.
void settle_in_background(const Engine& engine, const storage::Store& store);

/// Waits until nothing is unsettled. Throws what storage::settle throws.
void settle_images(const Engine& engine);

inline constexpr std::string_view settler_program_name = "skiff-settler";

/// main() of the settler: "skiff-settler ROOT", with the store's directory as descriptor 3.
int settler_role(int argc, char** argv);

}  // namespace skiff::engine
