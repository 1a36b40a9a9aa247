// SPDX-License-Identifier: Apache-2.0
// What every engine call needs: where the store and the run directory are. Cheap to make: nothing
// is opened, parsed or created before a call needs it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/phases.h"

namespace skiff::engine {

/// What --root, --runroot, --config and their environment variables say; the rest is found.
struct EngineOptions {
    std::optional<std::string> root;
    std::optional<std::string> run_root;
    std::optional<std::string> config;
    std::vector<std::string> cdi_directories = {};  ///< --cdi-spec-dir; empty: the usual ones
    bool strict =
        false;  ///< --strict: a command that would work with less than asked fails instead
    /// Takes one line for people, at once: what is wrong although the command goes on. Null:
    /// nobody reads (completion, the monitor).
    void (*warn)(const std::string& message) = nullptr;
    bool timing = false;             ///< --timing: phases of a run on stderr
    std::int64_t timing_origin = 0;  ///< with timing: the monotonic_time() at which the first began
};

struct Config;

class Engine {
  public:
    explicit Engine(EngineOptions options);

    const EngineOptions& options() const { return options_; }
    /// Data directory, absolute (design: src/README.md "Files"): ~/.local/share/skiff or
    /// /var/lib/skiff.
    const std::string& root() const { return root_; }
    /// Run directory, absolute: $XDG_RUNTIME_DIR/skiff, /run/user/UID/skiff, /tmp/skiff-run-UID, or
    /// /run/skiff.
    const std::string& run_root() const { return run_root_; }
    const std::string& config_path() const { return config_path_; }
    /// Where specifications of CDI devices are, absolute; a later one wins. What is usual:
    /// /etc/cdi and /var/run/cdi, for a regular user also the same two of their own
    /// ($XDG_CONFIG_HOME/cdi and $XDG_RUNTIME_DIR/cdi), as Docker has it.
    std::vector<std::string> cdi_directories() const;
    /// The caller has no rights over the user namespace it is in (no root, or one of a container,
    /// without CAP_SYS_ADMIN), so that containers are in one below, and files of a store belong to
    /// subordinate ids.
    bool rootless() const { return rootless_; }
    /// Tells people something without failing; see EngineOptions::warn.
    void warn(const std::string& message) const {
        if (options_.warn != nullptr) options_.warn(message);
    }
    /// Where every call notes what it did when; an observation, so a const engine has it.
    Phases& phases() const { return phases_; }

  private:
    EngineOptions options_;
    std::string root_;
    std::string run_root_;
    std::string config_path_;
    bool rootless_ = false;
    mutable Phases phases_;
    friend const Config& load_config(const Engine& engine);
    mutable std::shared_ptr<const Config> config_;  ///< once it was read
};

/// Throws Error{unsupported} where a newer skiff made the store, in a format that is not ours.
void refuse_newer_store(const Engine& engine);

/// Makes (0700) and opens a directory of skiff's own state. Throws Error{denied} when it belongs to
/// somebody else or is a link.
Fd open_private_directory(const std::string& path);
/// The same of the data directory. Throws Error{invalid} where it is somebody's other directory.
Fd open_data_directory(const Engine& engine);
/// What skiff keeps directly in a run directory: sockets and the like of containers, and a note.
bool is_run_entry(std::string_view name);
/// The same of the run directory. Throws Error{denied} where it is open to others and holds what is
/// not ours.
Fd open_run_directory(const Engine& engine);

}  // namespace skiff::engine
