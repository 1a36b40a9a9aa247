// SPDX-License-Identifier: Apache-2.0
// `load`: the images of an archive, as docker, podman, skopeo or skiff wrote it.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "oci/digest.h"

namespace skiff::engine {

struct LoadRequest {
    std::string source = "-";  ///< a path, or "-" for standard input
    std::string platform;      ///< which image of an index; "" : this machine's
};

struct LoadedImage {
    oci::Digest id;
    std::vector<std::string> names;  ///< familiar references; empty: it has none
};

/// Reads a docker-archive, an oci-archive, or what is both, recognised by its files; plain or
/// compressed. All images appear or none. Throws Error{invalid} naming what is malformed,
/// Error{not_found} when the archive has no image for the platform.
std::vector<LoadedImage> load_images(const Engine& engine, const LoadRequest& request);

}  // namespace skiff::engine
