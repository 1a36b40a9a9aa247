// SPDX-License-Identifier: Apache-2.0
// What a container that is being created will have mounted: the request's mounts, those of
// --volumes-from, and anonymous volumes where the image or -v PATH wants one.
#pragma once

#include <vector>

#include "base/file_lock.h"
#include "engine/container/record.h"
#include "engine/engine.h"
#include "engine/image/run_image.h"

namespace skiff::engine {

/// To be held until the record is written: from then on it keeps what it names.
struct SettledMounts {
    FileLock volumes;
    std::vector<RunImage> images;
};

/// Puts where anonymous volumes belong into config.volumes: the image's paths are there, -v PATH
/// is added. Throws Error{invalid} for a path of the image that nothing may be mounted on.
void merge_volume_paths(const CreateRequest& request, EffectiveConfig& config);

/// Fills record.mounts from record.request and record.config, and makes the volumes that are
/// missing. Costs nothing where nothing is mounted. Throws Error{not_found} for a container or an
/// image, and what check_volume_driver throws.
SettledMounts settle_mounts(const Engine& engine, ContainerRecord& record);

/// Removes the anonymous volumes of a container that came to nothing.
void forget_mounts(const Engine& engine, const ContainerRecord& record) noexcept;

}  // namespace skiff::engine
