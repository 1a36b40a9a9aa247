// SPDX-License-Identifier: Apache-2.0
// `build --output`: the files of the target, instead of an image.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/build/request.h"
#include "engine/engine.h"
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
    /// Makes the directory where there is none. An archive gets its name when it is complete.
    /// Throws SystemError, Error{usage} for a terminal.
    explicit OutputPlace(const BuildOutput& output);
    OutputPlace(const OutputPlace&) = delete;
    OutputPlace& operator=(const OutputPlace&) = delete;
    ~OutputPlace();

    int fd() const { return fd_.get(); }
    void keep();

  private:
    std::string name_;
    std::string part_;  ///< what it is called until then; empty: it is there already
    Fd fd_;
};

/// As a plain archive, owners and all, to `target`.
void write_tree(const TreeExport& tree, int target);

/// Into the directory `target`, over what is there. The files become the caller's, as any that a
/// program of the caller's makes: neither owners nor what would give somebody rights on this
/// machine (set-id bits, capabilities, devices) are taken over. Links in `target` lead nowhere
/// outside of it.
void copy_tree(const TreeExport& tree, int target);

}  // namespace skiff::engine
