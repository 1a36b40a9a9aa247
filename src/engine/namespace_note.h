// SPDX-License-Identifier: Apache-2.0
// The process whose user namespace the next start of this user may join: the file "userns" in the
// run directory.
//
// Maps are written by two setuid programs, a third of what a start costs the processors. Running
// monitors lend their namespace when they are asked (shared_namespace.h), but a monitor answers
// only when its container runs: of sixteen starts at once most found none, and made their own. So
// starts that would make one do it one after the other, and the others join what the first one
// made.
#pragma once

#include <optional>
#include <string>

#include <sys/types.h>

#include "base/fd.h"
#include "base/file_lock.h"
#include "engine/engine.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

class NamespaceNote {
  public:
    static constexpr const char* file_name = "userns";

    /// Waits for a start that makes a namespace, a quarter of a second at most: one that is stopped
    /// (Ctrl-Z) must not hold up the others.
    explicit NamespaceNote(const Engine& engine);

    /// The user namespace of the noted process; nothing when it is gone or has other maps.
    std::optional<Fd> find(const runtime::IdMaps& maps) const;
    /// Notes a process that is in the namespace already and lends it; whoever waits goes on.
    void write(pid_t pid);
    /// Whoever waits goes on.
    void release();

    /// Whether process `pid` of now is the noted one. Takes no lock.
    static bool names(const Engine& engine, pid_t pid);

  private:
    Fd file_;
    FileLock lock_;
};

}  // namespace skiff::engine
