// SPDX-License-Identifier: Apache-2.0
// What is kept about a container: config.json (what was asked, never changed after creation but for
// the name) and state.json (what became of it). Both live in data/containers/<id>/.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/timestamp.h"
#include "engine/container/request.h"
#include "runtime/cgroup/location.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

/// How the container's health is checked: the image's HEALTHCHECK with the request's options over
/// it, as typed (zero: Docker's default). Times in nanoseconds.
struct HealthConfig {
    std::vector<std::string>
        test;  ///< {"NONE"}, {"CMD", argv…} or {"CMD-SHELL", line}; empty: none
    std::int64_t interval = 0;
    std::int64_t timeout = 0;
    std::int64_t start_period = 0;
    std::int64_t start_interval = 0;
    int retries = 0;
};

/// What the program gets, after the image's configuration and the request were merged.
struct EffectiveConfig {
    std::vector<std::string> entrypoint;
    std::vector<std::string> command;
    std::vector<std::string> environment;  ///< "K=V", each key once
    std::string user;
    std::string working_directory;
    std::string hostname;
    std::string stop_signal;  ///< as typed or in the image; "" : SIGTERM
    std::map<std::string, std::string> labels;
    /// "80/tcp"; of the image, exposed and published ones.
    std::vector<std::string> exposed_ports;
    /// Where anonymous volumes belong: VOLUME of the image, -v PATH.
    std::vector<std::string> volumes;
    HealthConfig health;
    std::vector<std::string> health_shell;  ///< argv before a CMD-SHELL line; empty: /bin/sh -c
};

/// Who made a container with --userns keep-id: the account that its program has.
struct CallerAccount {
    std::string user;   ///< name; "" : the uid inside is another one, or has no name
    std::string group;  ///< likewise
    std::string description;
    std::string home;  ///< on the host
};

struct ContainerRecord {
    std::string id;  ///< 64 hexadecimal digits
    std::string name;
    Timestamp created{};
    std::string image_id;             ///< "sha256:…"; empty for a built-in image
    std::string image_name;           ///< as shown by ps
    std::string built_in;             ///< name of a built-in image, or ""
    std::vector<std::string> layers;  ///< chain ids, base first
    CreateRequest request;
    EffectiveConfig config;
    /// All that is mounted for the user, each target once: the request's, those of --volumes-from,
    /// the image's volumes; anonymous volumes have their names.
    std::vector<MountRequest> mounts;
    /// --rootfs: the directory, absolute; "" : the root comes of layers.
    std::string rootfs;
    bool rootfs_overlay = false;  ///< what the container writes goes elsewhere
    /// --userns: the maps of a user namespace of the container's own, as the store's counts ids.
    std::optional<runtime::IdMaps> id_maps;
    std::optional<CallerAccount> caller;  ///< keep-id
    /// Lines of /etc/passwd for --hostuser, as the host had them.
    std::vector<std::string> host_accounts;
    /// Made by `run`, whose lock goes to the monitor without a gap: without a holder, and with
    /// --rm, it is what a killed process left. (`create --rm` waits for its `start`.)
    bool by_run = false;
    /// Not empty: a step of a build. It ends with the command that started it, no list shows it,
    /// and when its program has ended with 0 the writable layer is moved there (relative to the
    /// data directory, an empty directory).
    std::string build_layer;
    /// Where its sockets are; ssh, cron and su see different run directories for one store.
    std::string run_root;
};

/// The document format that this binary writes, and the oldest it reads.
inline constexpr int record_format = 1;

std::string to_document(const ContainerRecord& record);
/// Throws Error{invalid} naming `name`, Error{unsupported} when a newer skiff wrote it.
ContainerRecord parse_record(std::string_view text, std::string_view name);

enum class ContainerStatus { created, running, restarting, exited };
std::string_view to_string(ContainerStatus status);
/// Running or between two runs: its monitor lives, and `stop` has something to stop.
inline bool is_active(ContainerStatus status) {
    return status == ContainerStatus::running || status == ContainerStatus::restarting;
}

struct HealthEntry {
    Timestamp start{};
    Timestamp end{};
    int exit_code = 0;
    std::string output;
};
/// Of a running container that is checked.
struct HealthState {
    std::string status;  ///< "starting", "healthy" or "unhealthy"; "" : not checked
    int failing_streak = 0;
    std::vector<HealthEntry> log;  ///< the last ones, oldest first
};

struct ContainerState {
    ContainerStatus status = ContainerStatus::created;
    std::int64_t pid = 0;              ///< of the program, as the host counts; 0 when not running
    std::uint64_t pid_start_time = 0;  ///< with pid and boot id it names a process for good
    std::int64_t monitor_pid = 0;
    std::uint64_t monitor_start_time = 0;
    std::string boot_id;
    Timestamp started_at{};
    Timestamp finished_at{};
    int exit_code = 0;
    bool oom_killed = false;
    std::vector<runtime::ContainerGroup> cgroups;  ///< while it runs; to be removed after it
    bool paused = false;                           ///< while running: no process of it gets on
    std::string paused_by;             ///< "freezer", "signals": SIGSTOP to every process
    std::vector<PublishedPort> ports;  ///< while it runs: where it can be reached
    HealthState health;
    int restart_count = 0;          ///< by the policy, since the last `start`
    std::string error;              ///< why it could not be started
    std::string network_lost;       ///< while running: why it has no network any more
    std::vector<std::string> less;  ///< sentences: what it got less of than was asked
    // The user as it was found in the image, for `inspect --oci` and exec.
    std::uint32_t uid = 0;
    std::uint32_t gid = 0;
    std::vector<std::uint32_t> groups;
    std::string home;
    /// "K=V" of CDI devices as they were at the start, for `exec`.
    std::vector<std::string> device_environment;
};

bool is_paused(const ContainerState& state);
/// As Docker names it: a container that runs may be "paused".
std::string_view status_text(const ContainerState& state);

std::string to_document(const ContainerState& state);
ContainerState parse_state(std::string_view text, std::string_view name);

}  // namespace skiff::engine
