// SPDX-License-Identifier: Apache-2.0
// The part of an image that a container is made from: the hot path of `run`, three small files read
// and no directory scanned for a full reference.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "oci/image_config.h"
#include "storage/lease.h"
#include "storage/store.h"

namespace skiff::engine {

struct RunImage {
    std::string id;                   ///< "sha256:…", "" for a built-in image
    std::string name;                 ///< as typed, which is what ps shows
    std::string built_in;             ///< name of a built-in image, or ""
    std::vector<std::string> layers;  ///< chain ids, lowest first
    oci::Platform platform;
    oci::UntrustedImageConfig config;
    std::map<std::string, std::string> labels;
    // The layers stay until this ends: by then the container's record names them.
    std::unique_ptr<storage::Store> store;
    std::unique_ptr<storage::Lease> lease;
};

/// By reference, id or unique short id. A stored image wins over a built-in one of the same name.
/// Nothing when there is none. Throws Error{invalid} for a malformed reference.
std::optional<RunImage> find_run_image(const Engine& engine, const std::string& text);

}  // namespace skiff::engine
