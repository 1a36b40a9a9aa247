// SPDX-License-Identifier: Apache-2.0
#include "cli/prune.h"

#include "cli/output.h"
#include "engine/container/remove.h"

namespace skiff::cli {
namespace {

struct PruneFlags {
    bool force = false;
    format::Filters filters;
};

void declare(CommandBuilder& command, PruneFlags& flags) {
    command.flag("-f,--force", flags.force, "Do not ask");
    declare_prune_filter(command, flags.filters);
}

ExitCode run(engine::Engine& engine, const PruneFlags& flags) {
    const Timestamp until = prune_limit(flags.filters);
    if (!flags.force && !ask_to_prune("This will remove all stopped containers."))
        return ExitCode::ok;
    engine::repair(engine);
    const engine::PrunedContainers pruned =
        engine::prune_containers(engine, [&](const engine::ContainerSummary& container) {
            return container.record.created < until &&
                   flags.filters.match_labels(container.record.config.labels);
        });
    if (!pruned.ids.empty()) {
        print_line("Deleted Containers:");
        for (const std::string& id : pruned.ids) print_line(id);
        print_line("");
    }
    print_line("Total reclaimed space: " + human_size(pruned.reclaimed, 4));
    return ExitCode::ok;
}

}  // namespace

Command container_prune_command() {
    return make_command<PruneFlags>(declare, run);
}

}  // namespace skiff::cli
