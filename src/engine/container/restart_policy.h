// SPDX-License-Identifier: Apache-2.0
// --restart: whether and when a container whose program ended is started again. Pure, but for the
// marks of the containers that are wanted running.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace skiff::engine {

struct RestartPolicy {
    enum class Kind { no, always, unless_stopped, on_failure };
    Kind kind = Kind::no;
    int retries = 0;  ///< on_failure: at most so many; 0: without end
};

/// "no", "always", "unless-stopped", "on-failure" or "on-failure:N"; "" is "no". Throws
/// Error{usage} in Docker's words.
RestartPolicy parse_restart_policy(std::string_view text);
/// Docker's name of it, without the number.
std::string_view name_of(const RestartPolicy& policy);

/// After the end of a program nobody asked to end; `restarts` is how often it was started again.
bool starts_again(const RestartPolicy& policy, int exit_code, int restarts);

/// Docker's delays: 100 ms, doubled each time up to a minute, from the beginning once the program
/// has run for ten seconds.
class BackOff {
  public:
    std::chrono::milliseconds next(std::chrono::nanoseconds ran);

  private:
    std::chrono::milliseconds delay_{0};
};

// A container with a policy is marked in data/wanted/ while it shall run: what is marked and has no
// monitor was left by a killed one, or by another boot, and is started by the next command. The
// mark is made before the first start, survives a power cut, and goes when the container ends for
// good. What an `always` has instead, once the user stopped it, holds from the next boot on: for
// Docker that is the next start of its daemon.
void mark_wanted(const Engine& engine, const std::string& id);
/// The user stopped what is marked.
void mark_stopped(const Engine& engine, const std::string& id, const RestartPolicy& policy);
/// What is marked could not be started; it is wanted still, but not to be tried again at once.
void mark_failed(const Engine& engine, const std::string& id, const std::string& reason);
void forget_wanted(const Engine& engine, const std::string& id);

/// Those that have a mark, whatever it says.
std::vector<std::string> marked_containers(const Engine& engine);
/// What the mark of a container without a monitor means now.
struct Wish {
    bool wanted = false;
    std::string failure;  ///< why it could not be started a moment ago; "": to be tried
};
Wish read_wish(const Engine& engine, const std::string& id);

}  // namespace skiff::engine
