// SPDX-License-Identifier: Apache-2.0
// `push`: images of the store to a registry.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/registry/transfer_progress.h"

namespace skiff::engine {

struct PushRequest {
    std::string image;      ///< a reference by tag, or alone
    std::string platform;   ///< refuse an image that is for another one; "": any
    bool all_tags = false;  ///< every tag that the repository has here
};

/// Sends what the registry has not: blobs that other repositories there have are mounted, plain
/// layers are compressed. Manifests that came from elsewhere are sent as they came, so digests
/// stay. Returns the complete references. Throws Error{not_found} when there is no such image here,
/// Error{denied} with the registry's words.
std::vector<std::string> push_images(const Engine& engine, const PushRequest& request,
                                     TransferProgress& progress);

}  // namespace skiff::engine
