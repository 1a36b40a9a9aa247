// SPDX-License-Identifier: Apache-2.0
// `wait`: until a container has ended, ends next, or is gone.
#pragma once

#include <optional>
#include <string>

#include "engine/container/container_files.h"
#include "monitor/address.h"

namespace skiff::engine {

enum class WaitCondition {
    not_running,  ///< at once when it does not run
    next_exit,    ///< the end of this run or, when it does not run, of the next
    removed,
};

/// Begins to listen when it is made, so that of several containers waited for one after the other
/// none ends unheard, with --rm either. Never polls: the monitor's socket tells of an end, inotify
/// of the record's directory.
class ContainerWait {
  public:
    /// Throws Error{not_found}.
    ContainerWait(const Engine& engine, const std::string& name, WaitCondition condition);

    /// The container's exit code. Throws Error{not_found} when it is removed and will not exit any
    /// more.
    int wait();

  private:
    std::optional<int> exit_of_run();
    int await_next_exit();
    int await_removal();
    bool is_removed() const;
    void await_change();

    ContainerFiles files_;
    WaitCondition condition_;
    Fd watch_;  ///< inotify; invalid where the monitor alone tells
    ContainerState before_;
    std::optional<monitor::MonitorConnection> connection_;
};

}  // namespace skiff::engine
