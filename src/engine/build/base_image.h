// SPDX-License-Identifier: Apache-2.0
// FROM an image: the stage that it is, with all that the image of a stage on top of it will name.
#pragma once

#include <functional>
#include <string>

#include "engine/build/stage_state.h"
#include "engine/engine.h"
#include "storage/lease.h"

namespace skiff::engine {

/// Brings an image into the store where there is none of this name and platform, or `pull` wants
/// it. Throws what bring throws, Error{not_found}.
void require_base_image(const Engine& engine, const std::string& name, const std::string& platform,
                        bool pull,
                        const std::function<void(const std::string& image, bool missing)>& bring);

/// Its layers and blobs are under `lease` from here on. Throws Error{not_found}; Error{unsupported}
/// for a built-in image.
StageState load_base_image(const storage::Store& store, storage::Lease& lease,
                           const std::string& name);

}  // namespace skiff::engine
