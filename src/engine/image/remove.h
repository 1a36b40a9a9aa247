// SPDX-License-Identifier: Apache-2.0
// Names given and taken, images removed: `tag`, `rmi`, `image prune`.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "engine/engine.h"

namespace skiff::engine {

/// Throws Error{not_found} for the source, Error{invalid} for the target. A name that another image
/// had is moved.
void tag_image(const Engine& engine, const std::string& source, const std::string& target);

struct RemovedImages {
    std::vector<std::string> untagged;  ///< familiar references
    std::vector<std::string>
        deleted;  ///< "sha256:…" of images, then of their layers' chain ids, topmost first
    std::uint64_t reclaimed = 0;  ///< bytes in the files of the layers and in the blobs that went
};

/// Docker's rules: a reference loses its name, and the image goes with its last name; an id removes
/// image and name. Throws Error{not_found}; Error{in_use} for an image with containers, or with
/// several names when given by id, which `force` overrides unless a container is running. `force`
/// also removes what is damaged.
RemovedImages remove_image(const Engine& engine, const std::string& image, bool force);

struct PrunableImage {
    std::optional<Timestamp> created;
    std::map<std::string, std::string> labels;
};
struct PruneRequest {
    bool all = false;  ///< named ones too
    /// Asked about each image that would go; empty: all go.
    std::function<bool(const PrunableImage&)> wanted{};
};
/// Removes images without a name that no container uses. Where a damaged file leaves open what an
/// image is called, is used by or (if asked) consists of, the image stays; the file is named in a
/// warning.
RemovedImages prune_images(const Engine& engine, const PruneRequest& request);

}  // namespace skiff::engine
