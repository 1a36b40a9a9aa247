// SPDX-License-Identifier: Apache-2.0
// `save`: images as one archive that every engine reads.
//
// The archive is an OCI image layout and a docker-archive at once, as Docker has written it since
// version 25: blobs by digest, index.json for the one, manifest.json for the other. Manifests and
// layers are the very bytes that came, so digests survive any number of loads and saves.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace skiff::engine {

struct SaveRequest {
    std::vector<std::string>
        images;                ///< references or ids; a repository without tag means all its tags
    std::string target = "-";  ///< a path, or "-" for standard output
};

/// Throws Error{not_found} for an unknown image before anything is written; Error{usage} instead of
/// writing to a terminal. A file appears complete or not at all.
void save_images(const Engine& engine, const SaveRequest& request);

}  // namespace skiff::engine
