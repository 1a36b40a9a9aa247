// SPDX-License-Identifier: Apache-2.0
// What a container's mounts show, opened once, before anything is decided about it: a path that
// another container may change is walked once, and what was looked at is what is mounted (security
// row 7). Runs in the monitor.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/root_dir.h"
#include "engine/container/container_files.h"
#include "engine/container/record.h"
#include "engine/container/shared_sources.h"
#include "engine/container/user.h"
#include "engine/engine.h"
#include "runtime/plan/launch_plan.h"
#include "runtime/userns/id_map.h"

namespace skiff::engine {

/// What the sources depend on beside the record. All is lent.
struct MountContext {
    const Engine& engine;
    const ContainerFiles& files;
    const ContainerRecord& record;
    const RootDir& root;  ///< the container's, before anything is mounted in it
    const ContainerUser& user;
    bool in_user_namespace = false;
    const std::optional<runtime::IdMaps>& nested;
    SharedSources& shared;
};

class MountSources {
  public:
    /// Opens everything, makes host directories that -v names, fills new volumes. Throws with
    /// Docker's words where something is missing, Error{denied} for a source in our run directory.
    explicit MountSources(const MountContext& context);

    /// Paths in the container at which a bind (of /tmp, say) would show the sockets of our run
    /// directory: rootless containers share a user namespace, and with the sockets they could stop
    /// or enter each other.
    std::vector<std::string> covered_paths(const Engine& engine) const;
    /// Hands everything over to the steps of the plan that mount it.
    void give_to(runtime::LaunchPlan& plan);
    /// For an OCI runtime that opens paths by itself. Throws Error{unsupported} for what has none.
    void require_paths() const;

  private:
    struct Source {
        std::string target;
        std::string host_path;  ///< of a bind, without links; ""
        bool has_path = true;   ///< who is given the path of the source mounts the same
        Fd source;              ///< what is to be cloned
        Fd tree;                ///< or what is detached already
    };
    Source open_source(const MountContext& context, const MountRequest& mount, size_t number);
    void map_ids(const MountContext& context, const MountRequest& mount, Source& source);

    std::vector<Source> sources_;
    Fd user_namespace_;  ///< with the container's maps, for what is shown by them
};

}  // namespace skiff::engine
