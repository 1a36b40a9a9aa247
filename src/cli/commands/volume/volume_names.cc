// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/volume/volume_names.h"

#include "engine/volume/volume_store.h"

namespace skiff::cli {

std::vector<std::string> ask_volumes(const engine::EngineOptions& options) {
    try {
        return engine::volume_names(engine::Engine(options));
    } catch (const Error&) {
        return {};  // a completion that cannot look offers nothing
    }
}

}  // namespace skiff::cli
