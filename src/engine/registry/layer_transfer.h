// SPDX-License-Identifier: Apache-2.0
// The layers of one image on their way from a registry into the store.
//
//     fetch threads    take the blobs in order, each over a connection of its own  -> partial blobs
//     unpack threads   follow behind them in order: decompress, digest, extract    -> staged layers
//
// So a layer is unpacked while it arrives and several are at once. A lower layer is always begun
// before a higher one, which may have to wait for it (extract.h "lowers"): no two wait for each
// other.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/image/new_image.h"
#include "engine/registry/transfer_progress.h"
#include "oci/image_config.h"
#include "oci/manifest.h"
#include "registry/connection.h"

namespace skiff::engine {

/// Where blobs can be had, the best place first.
struct BlobPlace {
    registry::Registry* registry;
    std::string path;  ///< of the repository there
};

/// Fetches and unpacks what the store has not, and hands all of it to `staging` in the order of the
/// manifest. Waits where another command fetches the same. Throws the first error; what arrived of
/// the others is kept for the next attempt. The process's umask must be 0, and the caller the only
/// thread that uses `staging`.
std::vector<ImageStaging::StagedBlob> transfer_layers(ImageStaging& staging,
                                                      std::span<const BlobPlace> places,
                                                      const oci::Manifest& manifest,
                                                      const oci::ImageConfig& config,
                                                      TransferProgress& progress);

}  // namespace skiff::engine
