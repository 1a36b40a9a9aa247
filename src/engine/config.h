// SPDX-License-Identifier: Apache-2.0
// config.yaml: what an administrator or user wants different from the defaults.
#pragma once

#include <vector>

#include "engine/engine.h"
#include "registry/settings.h"

namespace skiff::engine {

struct Config {
    /// Every new container runs with no_new_privs, as if --security-opt no-new-privileges were
    /// typed; setuid programs in it gain nothing. `--security-opt no-new-privileges=false` does not
    /// undo it.
    bool no_new_privileges = false;
    /// `registries:`, by name or by the beginning of names.
    std::vector<registry::RegistrySettings> registries = {};
};

/// Reads the engine's configuration file, once; the defaults where there is none (an error when it
/// was named by --config or SKIFF_CONFIG). Throws Error{invalid} with file, line and what was
/// expected, also for a key that this skiff does not know: a misspelt safety switch must not look
/// switched.
const Config& load_config(const Engine& engine);

/// The parser alone; `name` is the file, for messages.
Config parse_config(const std::string& text, const std::string& name);

}  // namespace skiff::engine
