// SPDX-License-Identifier: Apache-2.0
// The context of a build and its Dockerfile, wherever they come from.
#pragma once

#include <string>

#include "dockerfile/ignore_rules.h"
#include "engine/build/layer_work.h"
#include "engine/build/request.h"
#include "engine/engine.h"
#include "storage/lease.h"

namespace skiff::engine {

struct BuildContext {
    /// Absolute. Empty: there is none, only a Dockerfile.
    std::string directory;
    /// It came as an archive and lies in the lease's staging directory, with ids of the store.
    bool unpacked = false;
    /// It is of an archive or a repository: a Dockerfile named by -f is in it, not where we are.
    bool foreign = false;
    std::string dockerfile_name;  ///< for messages and progress: "Dockerfile"
    std::string dockerfile;       ///< its text
    dockerfile::IgnoreRules rules;
    std::string rules_name;        ///< the file they came from; empty: none
    std::uint64_t rules_size = 0;  ///< bytes of it

    CopySource source() const;
};

/// Reads what the request names; standard input at most once. `-` is an archive when it begins like
/// one, else a Dockerfile; so is what a URL gives, but for that of a Git repository
/// (dockerfile/remote_source.h). Without -f it is Dockerfile, or Containerfile where there is no
/// such; NAME.dockerignore beside it goes before .dockerignore. Throws Error{not_found},
/// Error{invalid}.
BuildContext open_context(const Engine& engine, storage::Lease& lease, const BuildRequest& request);

}  // namespace skiff::engine
