// SPDX-License-Identifier: Apache-2.0
// Looking at images: `images`, `image inspect`, `history`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/timestamp.h"
#include "engine/engine.h"
#include "oci/digest.h"

namespace skiff::engine {

struct ImageSummary {
    std::string id;          ///< "sha256:…"; "" for a built-in image
    std::string repository;  ///< familiar; "" when the image has no name
    std::string tag;         ///< "" when it has none
    std::string digest;      ///< of a reference by content: "sha256:…"
    Timestamp created;       ///< the zero value: unknown
    std::uint64_t size = 0;  ///< bytes in the files of its layers
    bool built_in = false;
};

struct ListRequest {
    /// A repository, or repository:tag; each may be a pattern of *, ? and [] as in Docker. "": all.
    std::string pattern;
    bool built_in = false;  ///< the images linked into the binary too
};

/// One entry per name, newest first; images without any name have one entry. Damaged ones are listed
/// as far as they are known, and named in a warning.
std::vector<ImageSummary> list_images(const Engine& engine, const ListRequest& request);

/// What `docker image inspect` prints of one image. Throws Error{not_found}.
nlohmann::json inspect_image(const Engine& engine, const std::string& image);

struct HistoryLine {
    std::string id;  ///< of the image that ends here; "" when it is not in the store
    std::optional<Timestamp> created;
    std::string created_by;
    std::uint64_t size = 0;  ///< bytes in the files of its layer
    std::string comment;
};
/// Newest first. Throws Error{not_found}.
std::vector<HistoryLine> image_history(const Engine& engine, const std::string& image);

/// Whether there is such an image, stored or built in.
bool image_exists(const Engine& engine, const std::string& image);

}  // namespace skiff::engine
