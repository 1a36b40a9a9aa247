// SPDX-License-Identifier: Apache-2.0
// An empty volume is filled with what the image has at its place ("copy-up"), as in Docker.
//
// It is filled once or not at all, whatever is killed when:
//
//     .filling   the copy, as long as it is not complete: deleted and begun again
//     .filled    the complete copy; its entries are moved into the volume by renames that
//                whoever comes next continues
//
// Both lie beside _data. Whoever starts a container with the volume finds it empty, complete, or
// one of these and then waits for the lock; a container that has the empty volume mounted already
// sees the entries appear, as it would in Docker.
#pragma once

#include <string>

#include "base/root_dir.h"
#include "engine/volume/tree_copy.h"

namespace skiff::engine {

struct PopulateRequest {
    int volume = -1;   ///< the volume's directory: of the lock
    int staging = -1;  ///< where the copies lie: that one, or what is mounted in place of _data
    int data = -1;     ///< what is filled, readable
    /// Of the container. Null: nothing is copied, and only what was begun is ended.
    const RootDir* root = nullptr;
    std::string target;  ///< where in it
    IdTranslation translation = {};
    bool durable = true;  ///< on the disk before it is visible
};
void populate_volume(const PopulateRequest& request);

}  // namespace skiff::engine
