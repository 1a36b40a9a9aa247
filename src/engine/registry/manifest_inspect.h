// SPDX-License-Identifier: Apache-2.0
// What a registry has under a name, shown and not taken: `manifest inspect`.
#pragma once

#include <string>

#include "engine/engine.h"

namespace skiff::engine {

struct ManifestRequest {
    std::string image;
    /// The registry is talked to without proof of who it is, and by plain HTTP if it speaks no TLS.
    bool insecure = false;
};

struct RemoteManifest {
    std::string text;  ///< as it came; valid JSON
    bool is_index = false;
};

/// A manifest or index as the registry has it. Throws Error{not_found} in Docker's words, or what
/// else the registry says.
RemoteManifest find_remote_manifest(const Engine& engine, const ManifestRequest& request);

/// What `docker manifest inspect --verbose` prints: for a manifest an object with its name,
/// descriptor (platform included, from the image's configuration), the document as it came and once
/// more parsed; for an index a list of such objects. JSON, indented by tabs.
std::string describe_remote_manifest(const Engine& engine, const ManifestRequest& request);

}  // namespace skiff::engine
