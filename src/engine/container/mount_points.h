// SPDX-License-Identifier: Apache-2.0
// The layer below every image that holds what each container has mounted: data/mountpoints with
// /dev, /proc, /sys and the three files of /etc.
//
// Without it a start makes them in the writable layer of most images: five files of the disk's to
// make and remove again, and changes of the container that it never made, for `commit` and a step
// of a build to leave out. It is the lowest, so whatever an image has (a link, a file, nothing on
// purpose) counts; init makes what is missing, as ever.
#pragma once

#include <string>

#include "engine/container/record.h"
#include "engine/engine.h"

namespace skiff::engine {

/// Whether all of it is mounted over: nothing of it may be seen in a container, nor in a volume
/// that is filled with what the image has there.
bool hides_mount_points(const ContainerRecord& record);

/// The layer's path, for OverlayRequest::lower; made when it is not there. Its owner is the
/// caller's uid. Throws SystemError.
std::string mount_points_layer(const Engine& engine);

}  // namespace skiff::engine
