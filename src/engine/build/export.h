// SPDX-License-Identifier: Apache-2.0
// A finished stage as an image of the store.
#pragma once

#include <string>
#include <vector>

#include "engine/build/stage_state.h"
#include "engine/image/new_image.h"
#include "engine/store_namespace.h"
#include "oci/reference.h"
#include "storage/store.h"

namespace skiff::engine {

/// The image of `state`, to be added to `staging`, which takes its layers; they are under a lease.
/// Refers to `state`. The configuration's text is still to be printed.
ImageStaging::NewImage image_of_stage(ImageStaging& staging, const storage::Store& store,
                                      const StageState& state);

/// Adds the image of `state` under these names, all of it on disk on return. Its layers are under a
/// lease. Where the store belongs to subordinate ids it needs their namespace. Returns the id.
oci::Digest export_image(const storage::Store& store, const LayerOwnership& ownership,
                         const StageState& state, const std::vector<oci::Reference>& names);

}  // namespace skiff::engine
