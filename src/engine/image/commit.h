// SPDX-License-Identifier: Apache-2.0
// `commit`: a container's files and configuration as an image.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "oci/digest.h"

namespace skiff::engine {

struct CommitRequest {
    std::string container;
    std::string target;  ///< REPOSITORY[:TAG]; "" : the image gets no name
    std::string author;
    std::string message;
    std::vector<std::string> changes;  ///< see config_change.h
    bool pause = true;                 ///< a running container stands still meanwhile
};

/// Returns the id. The container's volumes are not part of it, nor is what is mounted. Throws
/// Error{not_found}; Error{unsupported} for a container of a built-in image.
oci::Digest commit_container(const Engine& engine, const CommitRequest& request);

}  // namespace skiff::engine
