// SPDX-License-Identifier: Apache-2.0
// The build cache: what the steps of earlier builds made, by everything that went into them.
//
//     build/steps/<hex>   one file per step, named by its key; its time of change is its last use
//
// An entry is a promise that can be broken: whoever finds it looks whether the layer is there. It
// is written without waiting for the disk; one that a lost power left in pieces is none.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "oci/digest.h"
#include "storage/store.h"

namespace skiff::storage {

struct BuildStep {
    /// By what the store names its layer (layers.h); nothing: the step changed no file.
    std::optional<oci::Digest> layer = {};
    std::optional<oci::Digest> diff = {};  ///< diff id of that layer
    std::uint64_t tar_size = 0;            ///< bytes of the layer as an archive
    std::uint64_t size = 0;                ///< bytes in its files
    Timestamp created = {};
    std::string text = {};  ///< the instruction, for people
};

/// Counts as a use. Nothing when absent or damaged.
std::optional<BuildStep> find_build_step(const Store& store, const oci::Digest& key);
/// Replaces one of that key. The layer is under a lease of the caller. Throws SystemError.
void put_build_step(const Store& store, const StoreLock& lock, const oci::Digest& key,
                    const BuildStep& step);

struct ListedBuildStep : BuildStep {
    oci::Digest key;
    Timestamp used;
};
/// In no order; damaged ones are left out.
std::vector<ListedBuildStep> list_build_steps(const Store& store);
/// False when absent.
bool remove_build_step(const Store& store, const oci::Digest& key);

}  // namespace skiff::storage
