// SPDX-License-Identifier: Apache-2.0
// --runtime: a container whose first process is made by another OCI runtime (runc, crun) instead of
// runtime::launch. The monitor stays what it is: it mounts the root, holds the pipes or the
// terminal, and the program is its child, since an orphan below a pid namespace's PID 1 (or a
// subreaper) becomes that one's.
#pragma once

#include <string>
#include <vector>

#include "engine/container/container_files.h"
#include "oci/runtime_spec.h"
#include "runtime/launch.h"

namespace skiff::engine {

/// Adds to a spec what skiff's own launcher does without being told: the nodes of /dev, as bound
/// files. A runtime would make the usual ones by mknod(2), which opens nothing on a /dev that is
/// nodev; but not `rootless`, where runtimes bind them anyway, and runc stumbles over a /dev/tty
/// that is bound already (it opens it).
void add_device_mounts(const ContainerRecord& record, bool rootless, oci::RuntimeSpec& spec);

class ExternalRuntime {
  public:
    /// `files` and `record` must outlive this. Runs in the monitor, whose user namespace the
    /// container shares.
    ExternalRuntime(const ContainerFiles& files, const ContainerRecord& record, bool rootless);

    /// Writes the bundle containers/<id>/bundle, lets the runtime create the container and start
    /// it. Takes root, streams and limits from `plan`, the rest from `spec`. Throws what the
    /// runtime says as Error: command_missing or cannot_execute where its words are about the
    /// program, else system.
    runtime::Launched launch(oci::RuntimeSpec spec, runtime::LaunchPlan plan,
                             const runtime::LaunchHooks& hooks);
    /// Frees what the runtime keeps outside of the container's directory: its cgroups. Also for a
    /// container that was never created. What fails here is left behind.
    void remove();

  private:
    struct Streams {
        int in;
        int out;
        int errors;
    };
    std::vector<std::string> words(const char* command) const;
    /// Runs the runtime to its end in a mount namespace of its own, with `root` (-1: none) at the
    /// bundle's rootfs.
    ExitStatus run(const std::vector<std::string>& words, const Streams& streams, int root) const;
    [[noreturn]] void report(const char* command, ExitStatus status) const;

    const ContainerFiles& files_;
    const ContainerRecord& record_;
    std::string program_;
    std::string bundle_;  ///< absolute
    bool own_pid_namespace_;
    bool rootless_;
};

}  // namespace skiff::engine
