// SPDX-License-Identifier: Apache-2.0
// `import`: an image with one layer from the archive of a root file system.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "oci/digest.h"

namespace skiff::engine {

struct ImportRequest {
    std::string source;  ///< a path, or "-" for standard input
    std::string target;  ///< a reference, or "" for an image without a name
    std::vector<std::string> changes;
    std::string message;
    std::string platform;  ///< "" : this machine's
};

/// Reads a tar archive, plain or compressed by gzip, zstd or xz (its content decides). Throws
/// Error{invalid} for a malformed reference, change or archive (naming the entry; the store is as
/// before), Error{unsupported} for URLs.
oci::Digest import_image(const Engine& engine, const ImportRequest& request);

}  // namespace skiff::engine
