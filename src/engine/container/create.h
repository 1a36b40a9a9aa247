// SPDX-License-Identifier: Apache-2.0
// From a request to a container that exists.
#pragma once

#include <functional>
#include <string>

#include "engine/container/container_files.h"
#include "engine/container/request.h"
#include "engine/engine.h"
#include "oci/image_config.h"

namespace skiff::engine {

/// Brings an image into the store. `missing`: there is none of this name.
using BringImage = std::function<void(const std::string& image, bool missing)>;

/// A container whose record is written; whoever holds the lock may start it.
struct CreatedContainer {
    ContainerFiles files;
    ContainerRecord record;
    FileLock lock;
};

/// Resolves the image, which `bring` is asked for where request.pull wants it, merges its
/// configuration into the request, writes the record and takes the name.
///
/// Nothing stays when it throws. Throws Error{not_found} for the image, Error{conflict} for the
/// name, Error{invalid} for what the image and the request together make impossible (no command).
CreatedContainer make_container(const Engine& engine, const CreateRequest& request, bool by_run,
                                const BringImage& bring);

/// Docker's merge rules: --entrypoint resets the image's CMD; a command replaces CMD; environment
/// by name; labels by key.
EffectiveConfig merge_config(const oci::UntrustedImageConfig& image,
                             const std::map<std::string, std::string>& image_labels,
                             const CreateRequest& request);

/// The signal that stops it; the record's text was checked at creation, an image's may be nonsense:
/// then SIGTERM.
int stop_signal_of(const ContainerRecord& record);

}  // namespace skiff::engine
