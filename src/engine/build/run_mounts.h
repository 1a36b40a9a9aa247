// SPDX-License-Identifier: Apache-2.0
// RUN --mount: what a step sees besides its root file system.
//
// What is bound from a context is a copy of what .dockerignore leaves, made for the step; what is
// bound from a stage is mounted as it is. Neither can be changed by the step. A cache outlives the
// build and counts for nothing in a step's key, nor does a secret or an agent.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file_lock.h"
#include "dockerfile/run_mount.h"
#include "engine/build/layer_work.h"
#include "engine/build/request.h"
#include "engine/build/run_step.h"
#include "engine/build/ssh_agent.h"
#include "engine/container/mount_request.h"

namespace skiff::engine {

class RunMounts {
  public:
    struct Place {
        const Engine& engine;
        const BuildRequest& request;
        LayerBase base;
    };
    /// `source_of` gives the tree of a `from` (empty: the context); `absolute` resolves a target.
    RunMounts(const Place& place, const std::vector<dockerfile::RunMount>& mounts,
              const std::function<CopySource(const std::string& from)>& source_of,
              const std::function<std::string(const std::string& path)>& absolute);

    bool empty() const { return entries_.empty(); }
    /// Something has to be read to know what the step is made from.
    bool has_content() const;
    /// In a worker: a line for each mount of what it is made from.
    std::string digest() const;
    /// Without looking at any content: for a step that has none.
    std::string text() const;

    /// Takes the locks of caches; false when another step has one that is not shared.
    bool lock_caches();
    /// In a worker of the store: makes what is to be mounted. Returns what `digest` would, of the
    /// very files that the step will see.
    std::string make() const;
    /// Afterwards.
    std::vector<MountRequest> requests() const;
    std::vector<std::string> targets() const;
    std::vector<RunSecret> secrets() const;
    /// Makes the sockets of agents, which live as long as this object. Before `make`.
    void start_agents();
    /// "SSH_AUTH_SOCK=…" of the first agent's mount; empty: there is none.
    std::string agent_variable() const;

  private:
    struct Entry {
        dockerfile::RunMount mount;
        std::string target;
        CopySource source;    ///< bind, or what a cache begins with
        std::string place;    ///< relative to the data directory: the copy, the cache
        std::string secret;   ///< its value
        std::string agent;    ///< the path of an agent's socket
        bool absent = false;  ///< a secret or agent that nobody gave and that is not required
    };
    bool is_direct(const Entry& entry) const;
    void read_secret(Entry& entry) const;
    void find_agent(Entry& entry) const;
    void own_agent_socket(const Entry& entry) const;
    void make_cache(const Entry& entry) const;

    Place place_;
    std::vector<Entry> entries_;
    std::vector<FileLock> locks_;
    std::vector<std::unique_ptr<SshAgentForward>> agents_;
};

/// data/build/caches: directories of RUN --mount=type=cache.
inline constexpr const char* cache_folder = "build/caches";

}  // namespace skiff::engine
