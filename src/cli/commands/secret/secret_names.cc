// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/secret/secret_names.h"

#include "engine/secret/secrets.h"

namespace skiff::cli {

std::vector<std::string> ask_secrets(const engine::EngineOptions& options) {
    std::vector<std::string> names;
    try {
        for (const engine::SecretRecord& secret : engine::list_secrets(engine::Engine(options)))
            names.push_back(secret.name);
    } catch (const Error&) {
        return {};  // a completion that cannot look offers nothing
    }
    return names;
}

}  // namespace skiff::cli
