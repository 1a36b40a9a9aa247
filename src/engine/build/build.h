// SPDX-License-Identifier: Apache-2.0
// `build`, without a word about argv or progress bars.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "engine/build/events.h"
#include "engine/build/request.h"
#include "engine/engine.h"
#include "oci/digest.h"

namespace skiff::engine {

struct BuildResult {
    std::optional<oci::Digest> image;  ///< nothing where the output is none
};

/// Brings an image into the store; see engine/container/create.h.
using BringImage = std::function<void(const std::string& image, bool missing)>;

/// Throws Error{invalid} in Docker's words for what can be no image's name.
void check_build_tag(std::string_view text);

/// Builds what the request names and gives it its tags. What goes wrong in the Dockerfile is thrown
/// with the lines in question; what a step did until then stays in the cache, and nothing else.
BuildResult build_image(const Engine& engine, const BuildRequest& request, BuildEvents& events,
                        const BringImage& bring);

}  // namespace skiff::engine
