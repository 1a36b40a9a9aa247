// SPDX-License-Identifier: Apache-2.0
// What one COPY or ADD takes, found and open.
#pragma once

#include <deque>
#include <vector>

#include "dockerfile/ignore_rules.h"
#include "engine/build/layer_work.h"
#include "engine/build/source_tree.h"

namespace skiff::engine {

struct TakenSource {
    const SourceTree* tree;
    FoundSource found;
    const dockerfile::IgnoreRules* excluded;  ///< relative to what was found
    bool fetched = false;                     ///< by ADD, from elsewhere
};

class CopySources {
  public:
    /// Finds all that `plan` names, in the order written. For layers it has to be where they can be
    /// mounted (BuildWorker::Place::store). Throws Error{not_found} for what is not there.
    CopySources(const Engine& engine, storage::Lease& lease, const CopyPlan& plan);
    CopySources(const CopySources&) = delete;
    CopySources& operator=(const CopySources&) = delete;

    const std::vector<TakenSource>& all() const { return all_; }
    const SourceTree& tree() const { return tree_; }

  private:
    void take_with_parents(const std::string& pattern, const std::vector<std::string>& excluded);
    void take_fetched(const storage::Lease& lease, const Fetched& fetched);
    void take(const SourceTree& tree, std::vector<FoundSource> found, bool fetched);

    SourceTree tree_;
    std::deque<SourceTree> fetched_;
    std::deque<dockerfile::IgnoreRules> rules_;  ///< the first: --exclude
    std::vector<TakenSource> all_;
};

}  // namespace skiff::engine
