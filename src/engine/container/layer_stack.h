// SPDX-License-Identifier: Apache-2.0
// Looks through the trees of a container as overlay does, without a mount: for trees that are
// mounted already, or where a mount would cost more than the question.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>

#include "base/root_dir.h"
#include "storage/archive/xattrs.h"

namespace skiff::engine {

class LayerStack {
  public:
    /// Topmost first.
    LayerStack(std::vector<RootDir> trees, storage::OverlayXattrs xattrs)
        : trees_(std::move(trees)), xattrs_(xattrs) {}

    struct Object {
        struct stat status{};
        std::string link_target = {};
        size_t tree = 0;  ///< the topmost that has it; of a directory others may have more
    };
    /// What is at `path`, itself and what leads to it not followed where they are links. `first`:
    /// the topmost tree that is looked into.
    std::optional<Object> find(const std::string& path, size_t first = 0) const;
    /// `path` after all links on the way, relative to the root, as a container sees it; what is
    /// not there keeps its name.
    std::string resolve(const std::string& path) const;

    const RootDir& tree(size_t number) const { return trees_[number]; }
    const RootDir& top() const { return trees_.front(); }
    storage::OverlayXattrs xattrs() const { return xattrs_; }

  private:
    std::vector<RootDir> trees_;
    storage::OverlayXattrs xattrs_;
};

/// Whether overlay hides what the trees below have in this directory, which is open for reading.
bool is_opaque(int directory, storage::OverlayXattrs xattrs);

}  // namespace skiff::engine
