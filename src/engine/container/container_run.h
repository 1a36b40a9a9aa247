// SPDX-License-Identifier: Apache-2.0
// A container's life, as its monitor leads it: one object, since the end needs what the beginning
// made.
//
//   container_run.cc          from the record to a program that runs, once and again
//   container_run_network.cc  its network helper
//   container_run_watch.cc    what happens meanwhile: memory, health, pause, update
//   container_run_end.cc      the end, and what must be true before anybody hears of it
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/file_lock.h"
#include "base/process.h"
#include "engine/container/container_files.h"
#include "engine/container/container_hooks.h"
#include "engine/container/external_runtime.h"
#include "engine/container/monitor_process.h"
#include "engine/container/network_helper.h"
#include "engine/container/remove.h"
#include "engine/container/resolv_conf_watch.h"
#include "engine/container/restart_policy.h"
#include "engine/container/shared_sources.h"
#include "engine/container/update.h"
#include "engine/engine.h"
#include "engine/volume/volume_users.h"
#include "monitor/supervisor.h"
#include "runtime/cgroup/container_groups.h"
#include "runtime/launch.h"

namespace skiff::engine {

inline constexpr std::chrono::milliseconds group_patience{2000};  ///< for what has been killed

class ContainerRun {
  public:
    ContainerRun(const MonitorArguments& arguments, const Engine& engine, FileLock lock);
    /// Until the container has ended for good; the status of the monitor.
    int run();
    /// With --rm, after run(): nobody starts it again, and its user namespace may be others'.
    bool is_gone_for_good() const;

  private:
    monitor::SupervisorOptions with_changes(monitor::SupervisorOptions options);
    /// The freezer where there is one: no process can tell, and none can refuse.
    void hold(bool paused);
    void set_paused(bool paused);
    /// Limits and the restart policy; what cannot be enforced is returned.
    std::vector<std::string> update(int request);
    void extend_groups(const UpdateRequest& request, const ContainerRecord& changed);
    /// Whatever becomes of them: nothing else is mounted before our mounts are apart.
    void hold_shared_sources();
    void start(monitor::ContainerIo& io, Child& init, bool first);
    void start_network();
    runtime::LaunchHooks launch_hooks();
    /// From here on without waiting: the host's name servers may change, and the helper may die.
    void watch_network();
    bool has_own_servers() const;
    std::string own_servers() const;
    bool follow_resolv_conf();
    bool hear_network();
    void end_network();
    /// Nothing is held of a program that has ended already: its entries are gone or, for one that
    /// may not be dumped (our own init) and has no memory left, closed to all but the host's root.
    void hold_mount_namespace(pid_t host_pid);
    void report_phases();
    /// What fails is said in the state.
    void run_started_hooks();
    void run_stopped_hooks();
    int end_failed(const Error& error);
    void note_end(ExitStatus status);
    /// False when the container is to stay as it is.
    bool rest_before_restart();
    int end();
    /// Of the container's processes, not only of the first: the container may go on without one.
    void watch_memory();
    /// Where the event comes before the kill is counted, it is looked for a little longer.
    std::optional<std::chrono::milliseconds> note_memory();
    bool note_health(monitor::HealthResult result);
    void forget_policy();
    /// A step of a build: its layer is the builder's from here on.
    void hand_over_layer();
    /// What must be true before anybody hears of the end: the name is free again, or the state says
    /// exited.
    Discarded conclude();

    const Engine& engine_;
    FileLock lock_;
    std::vector<Fd> listeners_;  ///< that the command was started with
    std::vector<Fd> preserved_;  ///< descriptors for the program, and their numbers in it
    std::vector<int> preserved_numbers_;
    std::span<char> command_line_;
    std::vector<runtime::ContainerGroup> wanted_groups_;
    runtime::ContainerGroups groups_;
    ContainerFiles files_;
    ContainerRecord record_;
    RestartPolicy policy_;
    BackOff back_off_;
    monitor::Supervisor supervisor_;
    ContainerState state_;
    Fd mount_namespace_;
    int memory_looks_ = 0;
    std::optional<ExternalRuntime> external_;  ///< with --runtime
    FileLock built_in_lock_;
    std::optional<ContainerHooks> hooks_;   ///< of the present run, where it has some
    std::optional<NetworkHelper> network_;  ///< of the present run, where it has one
    std::vector<PublishedPort> ports_;      ///< of the present run
    std::string resolv_conf_;               ///< the host's, at the start
    std::optional<ResolvConfWatch> resolv_watch_;
    std::optional<SharedSources> shared_;
    std::uint64_t undelivered_ = 0;  ///< messages, said in the state already
};

}  // namespace skiff::engine
