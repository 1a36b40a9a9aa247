// SPDX-License-Identifier: Apache-2.0
// `--network`, `--pid` and `--ipc container:X`: who may join whom, and how the namespaces of a
// running container are taken hold of.
//
// X is named by its id from the creation on, looked up at each start, and must run then. What is
// opened is pinned by a descriptor of its directory below /proc and by the start time in its state:
// no number of a process is believed twice. A container whose X ends goes on with the network and
// the queues that it has; in a pid namespace it ends with it, as the kernel wants.
#pragma once

#include <string>
#include <vector>

#include "base/fd.h"
#include "engine/container/record.h"
#include "engine/engine.h"
#include "runtime/plan/launch_plan.h"
#include "runtime/plan/plan_builder.h"

namespace skiff::engine {

/// At the creation of a container: names become ids, `container:X` of one that has the host's
/// namespace becomes "host", and with X's network its host name is taken over, as in Docker.
/// Throws Error{not_found} "No such container: X", Error{invalid} for an IPC namespace that is not
/// shareable and for what has a user namespace of its own.
void settle_namespaces(const Engine& engine, ContainerRecord& record);

/// The container whose user namespace a rootless start must use, since all that it joins belongs to
/// it; "" where nothing is joined.
std::string joined_container(const ContainerRecord& record);

/// Rootless: the user namespace of the running container `id`, from its monitor. Throws
/// Error{conflict} when it does not run, Error{unsupported} when it lends none.
Fd user_namespace_of(const Engine& engine, const ContainerRecord& record, const std::string& id);

/// Of the containers that a starting one joins.
class JoinedNamespaces {
  public:
    JoinedNamespaces() = default;
    /// Opens all of them. Throws Error{conflict} in Docker's words when one does not run, and
    /// Error{unsupported} when the kernel keeps us out of one.
    JoinedNamespaces(const Engine& engine, const ContainerRecord& record);

    /// Puts the descriptors into plan.joins, and X's /dev/shm and /proc into their mounts.
    void give_to(runtime::LaunchPlan& plan);

  private:
    struct Joined {
        int type;  ///< CLONE_NEW…
        Fd fd;
    };
    std::vector<Joined> joined_;
    Fd shared_memory_;  ///< a detached copy of the mount
    Fd procfs_;         ///< another
};

/// "/proc/123/ns" of the container that `mode` (container:ID) names; "" when it does not run. For
/// documents.
std::string namespaces_path(const Engine& engine, std::string_view mode);
/// Whose /etc/hosts, hostname and resolv.conf `record` has: its own but for --network container:X.
struct EtcOwner {
    std::string directory;
    bool has_hosts = true;  ///< false: --no-hosts, so that there is no such file to share
};
EtcOwner etc_owner(const Engine& engine, const ContainerRecord& record);

}  // namespace skiff::engine
