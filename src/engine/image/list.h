// SPDX-License-Identifier: Apache-2.0
// Looking at images: `images`, `image inspect`, `history`.
#pragma once

#include <cstdint>
#include <map>
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
    std::map<std::string, std::string> labels;
};

struct ListRequest {
    /// A repository, or repository:tag; each may be a pattern of *, ? and [] as in Docker. "": all.
    std::string pattern;
    std::vector<std::string> alternatives =
        {};                 ///< patterns, one of which must agree too; empty: all
    bool built_in = false;  ///< the images linked into the binary too
};

/// One entry per name, newest first; images without any name have one entry. Damaged ones are
/// listed as far as they are known, and named in a warning.
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

/// The id of a stored image; nothing where there is none.
std::optional<std::string> find_image_id(const Engine& engine, const std::string& image);
/// When a stored image was made; the zero value: unknown. Throws Error{not_found}.
Timestamp image_created(const Engine& engine, const std::string& image);
/// Ids of the stored images on which the one with this id was made: those with whose layers and
/// history its own begin. None when it is not in the store any more.
std::vector<std::string> image_ancestors(const Engine& engine, const std::string& id);

/// Whether there is such an image, stored or built in.
bool image_exists(const Engine& engine, const std::string& image);

}  // namespace skiff::engine
