// SPDX-License-Identifier: Apache-2.0
// A piece of a build's work in a process of its own: the build itself has one thread and many
// steps under way.
#pragma once

#include <functional>
#include <string>

#include "base/fd.h"
#include "base/process.h"
#include "engine/engine.h"

namespace skiff::engine {

class BuildWorker {
  public:
    enum class Place {
        ours,   ///< files of the caller: a context
        store,  ///< root of the store's ids, with mounts of its own
    };
    /// Runs `act` in a child that ends with us; descriptors are shared, changes of memory are not.
    BuildWorker(const Engine& engine, Place place, const std::function<std::string()>& act);

    /// Readable once it has ended.
    int fd() const { return child_.pidfd(); }
    /// What `act` returned; throws what it threw. Waits for the end.
    std::string finish();
    /// The same; a signal that comes first (base/cancellation.h) ends the child and is Error{system}.
    std::string finish_unless_cancelled();

  private:
    Child child_;
    Fd result_;
};

}  // namespace skiff::engine
