// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/container/container_names.h"

#include "engine/container/lifecycle.h"

namespace skiff::cli {
namespace {

std::vector<std::string> names(const engine::EngineOptions& options, bool all) {
    std::vector<std::string> list;
    try {
        for (const engine::ContainerSummary& row :
             engine::list_containers(engine::Engine(options), all))
            list.push_back(row.record.name);
    } catch (const Error&) {
        // A completion that cannot look offers nothing.
    }
    return list;
}

}  // namespace

std::vector<std::string> ask_containers(const engine::EngineOptions& options) {
    return names(options, true);
}

std::vector<std::string> ask_running_containers(const engine::EngineOptions& options) {
    return names(options, false);
}

}  // namespace skiff::cli
