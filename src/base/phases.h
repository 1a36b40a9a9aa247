// SPDX-License-Identifier: Apache-2.0
// How long the parts of a run took (--timing): times of CLOCK_MONOTONIC, which is one clock for all
// processes of a machine, so that what the monitor measured fits between what the command did.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace skiff {

/// Nanoseconds of CLOCK_MONOTONIC.
std::int64_t monotonic_time();

struct Phase {
    std::string name;
    std::int64_t begin = 0;  ///< monotonic_time()
    std::int64_t end = 0;
    bool operator==(const Phase&) const = default;
};

/// Consecutive phases of one process: each mark ends the phase that the one before began. Switched
/// off (the default) it asks no clock and allocates nothing.
class Phases {
  public:
    Phases() = default;
    /// Switched on; the first phase began at `origin`.
    explicit Phases(std::int64_t origin) : on_(true), last_(origin) {}

    bool on() const { return on_; }
    void mark(const char* name) {
        if (on_) add(name);
    }
    /// Phases of another process.
    void append(std::vector<Phase> others);
    const std::vector<Phase>& list() const { return list_; }
    /// What was marked since the last call.
    std::vector<Phase> take() { return std::exchange(list_, {}); }

  private:
    void add(const char* name);

    bool on_ = false;
    std::int64_t last_ = 0;
    std::vector<Phase> list_;
};

}  // namespace skiff
