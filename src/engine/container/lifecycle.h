// SPDX-License-Identifier: Apache-2.0
// Stopping containers that run, and looking at all of them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "engine/container/container_files.h"
#include "engine/container/record.h"
#include "engine/engine.h"
#include "monitor/address.h"

namespace skiff::engine {

/// Nothing when no monitor answers (the container ended).
std::optional<monitor::MonitorConnection> connect_to_monitor(const ContainerRecord& record);

/// For what needs its monitor. Throws Error{conflict} "Container ID is not running", Error{system}
/// when the monitor lives and cannot be reached.
monitor::MonitorConnection connect_to_running(const ContainerFiles& files);

/// Signals the program that a running state names, by pidfd and only if it is still that process
/// (its start time and the boot are compared). Returns the pidfd, invalid when there is no such
/// process.
Fd signal_by_state(const ContainerState& state, int number);

struct StopOptions {
    std::optional<int> timeout_seconds;  ///< -1: for ever; nothing: the container's own, else 10
    std::string signal;                  ///< "" : the container's own
};
/// A stop that was asked for: of several containers each is asked before the first is waited for,
/// so that together they take as long as the slowest.
class StopRequest {
  public:
    /// Asks the container's monitor. A container that does not run is left as it is.
    StopRequest(const Engine& engine, const std::string& name, const StopOptions& options);
    /// Returns when the container has ended and its state says so. Once.
    void await(const Engine& engine);

  private:
    ContainerFiles files_;
    ContainerRecord record_;
    int number_;
    int seconds_;
    bool active_;
    std::optional<monitor::MonitorConnection> connection_;
};
/// Both at once.
void stop_container(const Engine& engine, const std::string& name, const StopOptions& options);

/// Ends all that run as the end of the machine does, and returns when they have: each program gets
/// its stop signal and its time, and what a policy wants running stays wanted. What cannot be
/// looked at is left out.
void shut_down_containers(const Engine& engine);

/// Sends `signal` ("" : SIGKILL) to the program; with SIGKILL it returns when the container has
/// ended. Throws Error{conflict} with Docker's words when the container does not run.
void kill_container(const Engine& engine, const std::string& name, const std::string& signal);

/// Stops the container as stop_container does, if it runs, and starts it. Its monitor does both, so
/// that neither --rm nor --restart takes notice of the end, and a command that is killed leaves
/// nothing half-done.
void restart_container(const Engine& engine, const std::string& name, const StopOptions& options);

struct ContainerSummary {
    ContainerRecord record;
    ContainerState state;
    bool external = false;  ///< no container yet: see list_external
};
/// Newest first; only running ones unless `all`. A container that is removed meanwhile is left out.
std::vector<ContainerSummary> list_containers(const Engine& engine, bool all);
/// The same list after `repair` (engine/container/remove.h), with one look at each container.
std::vector<ContainerSummary> repair_and_list(const Engine& engine, bool all);

/// What is in the store without being a container that commands know: those that another process is
/// making at this moment. Of their records there is id, name and time.
std::vector<ContainerSummary> list_external(const Engine& engine);

/// One object of Docker's inspect array.
nlohmann::json inspect_container(const Engine& engine, const std::string& name);
/// The OCI runtime spec that the container runs by, or would.
nlohmann::json inspect_oci(const Engine& engine, const std::string& name);

}  // namespace skiff::engine
