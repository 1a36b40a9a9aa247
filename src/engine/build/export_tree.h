// SPDX-License-Identifier: Apache-2.0
// `build --output`: the files of the target, instead of an image.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/build/request.h"
#include "engine/engine.h"
#include "engine/image/archive_target.h"
#include "engine/store_namespace.h"
#include "storage/lease.h"

namespace skiff::engine {

/// Where it goes; both run where layers can be mounted (BuildWorker::Place::store).
struct TreeExport {
    const Engine& engine;
    storage::Lease& lease;
    LayerOwnership ownership;
    std::vector<std::string> layers;  ///< visible ones
};

/// What the user has named, opened: by us, so that it is written with the caller's rights.
class OutputPlace {
  public:
    /// Makes the directory where there is none, but not that of an archive, as BuildKit. Throws
    /// SystemError, and what ArchiveTarget does.
    explicit OutputPlace(const BuildOutput& output);

    int fd() const { return archive_ ? archive_->fd() : directory_.get(); }
    /// All of it is there.
    void commit() {
        if (archive_) archive_->commit();
    }

  private:
    std::optional<ArchiveTarget> archive_;
    Fd directory_;
};

/// As a plain archive, owners and all, to `target`.
void write_tree(const TreeExport& tree, int target);

/// Into the directory `target`, over what is there. The files become the caller's, as any that a
/// program of the caller's makes: neither owners nor what would give somebody rights on this
/// machine (set-id bits, capabilities, devices) are taken over. Links in `target` lead nowhere
/// outside of it.
void copy_tree(const TreeExport& tree, int target);

}  // namespace skiff::engine
