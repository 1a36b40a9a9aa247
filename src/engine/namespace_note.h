// SPDX-License-Identifier: Apache-2.0
// The process whose user namespace the next start of this user may join: the file "userns" in the
// run directory.
//
// Maps are written by two setuid programs, a third of what a start costs the processors. Running
// monitors lend their namespace when they are asked (shared_namespace.h), but a monitor answers
// only when its container runs: of sixteen starts at once most found none, and made their own. So
// starts that would make one do it one after the other, and the others join what the first one
// made. And the noted process, if its container is gone for good, stays for a moment: the next
// command of a script comes a few milliseconds later, and starts a fifth faster for it.
//
// The note is a hint. What it says is checked as may_join() says; where it cannot be read, written
// or locked, a start does without.
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

    explicit NamespaceNote(const Engine& engine);

    /// The user namespace of the noted process; nothing when it is gone or must not be joined.
    std::optional<Fd> find(const runtime::IdMaps& maps) const;
    /// Waits for a start that makes a namespace, a quarter of a second at most: one that is stopped
    /// (Ctrl-Z) must not hold up the others.
    void lock();
    /// Notes a process that is in the namespace already and lends it; whoever waits goes on.
    void write(pid_t pid);
    /// Whoever waits goes on.
    void release();

    /// Whether process `pid` of now is the noted one.
    static bool names(const Engine& engine, pid_t pid);

  private:
    Fd run_;
    Fd file_;  ///< invalid: there is no note
    FileLock lock_;
};

/// The last act of a monitor whose namespace may be joined: gives up everything that it holds,
/// waits for at most 0.3 s while it is the noted process, and ends with `status`.
[[noreturn]] void lend_and_exit(const Engine& engine, int status);

}  // namespace skiff::engine
