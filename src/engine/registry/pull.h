// SPDX-License-Identifier: Apache-2.0
// `pull`: images from a registry into the store.
#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"
#include "engine/registry/transfer_progress.h"
#include "oci/digest.h"
#include "oci/reference.h"

namespace skiff::engine {

struct PullRequest {
    std::string image;      ///< a reference; by tag, by digest, or alone
    std::string platform;   ///< "": this machine's
    bool all_tags = false;  ///< every tag of the repository
};

struct PulledImage {
    std::string repository;  ///< complete: "docker.io/library/busybox"
    std::string reference;   ///< "docker.io/library/busybox:latest"
    std::string digest;      ///< what the registry calls it by
    bool changed = false;    ///< the name was new here, or has another image now
};

/// Tells each image's course, its digest and whether it is new by `progress`, in Docker's words.
/// Images appear whole or not at all; what arrived of one that failed is kept for a while, for the
/// next attempt. Ends by itself on SIGINT, SIGTERM and SIGHUP, leaving nothing half done; the
/// signal is then the caller's to act upon (Cancellation::signal). Throws Error{not_found} for an
/// unknown tag, Error{denied} for what we may not see, Error{invalid} for what is not what its
/// digest says. The caller must have one thread.
std::vector<PulledImage> pull_images(const Engine& engine, const PullRequest& request,
                                     TransferProgress& progress);

/// Whether the name stands for another image at its registry than here, asked by one small request.
/// False where the registry does not answer.
bool registry_has_newer(const Engine& engine, const std::string& image);
/// The name as people see it, with its tag: "busybox:latest". Throws Error{invalid}.
std::string familiar_name(const std::string& image);
/// Whether a text can name an image of a registry: an image id cannot.
bool can_be_pulled(const std::string& image);

/// The signal that ended the transfer; 0: none did.
int transfer_signal();

}  // namespace skiff::engine
