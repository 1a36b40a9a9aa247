// SPDX-License-Identifier: Apache-2.0
// Layers that `build` and `commit` made are kept unpacked only. Before their image leaves the store
// they become archives.
#pragma once

#include <span>

#include "engine/engine.h"
#include "storage/image_records.h"
#include "storage/lease.h"

namespace skiff::engine {

/// Makes the archives that are missing of these images' layers; they are then blobs like any other.
/// `lease` names the blobs. Throws Error{invalid} when a layer is not what its image says, which
/// means that it was changed in the store.
void pack_layers(const Engine& engine, storage::Lease& lease,
                 std::span<const storage::ImageRecord> images);

}  // namespace skiff::engine
