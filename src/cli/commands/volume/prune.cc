// SPDX-License-Identifier: Apache-2.0
#include "cli/prune.h"

#include <array>

#include "base/size.h"
#include "cli/command.h"
#include "cli/output.h"
#include "engine/container/remove.h"
#include "engine/volume/volumes.h"
#include "format/filters.h"

namespace skiff::cli {
namespace {

constexpr std::array<std::string_view, 3> filter_names{"all", "label", "label!"};

struct PruneOptions {
    bool all = false;
    bool force = false;
    format::Filters filters;
};

void declare(CommandBuilder& command, PruneOptions& options) {
    command.flag("-a,--all", options.all, "Remove all unused volumes, not just anonymous ones");
    command.flag("-f,--force", options.force, "Do not ask");
    command.parsed(
        "--filter", [&options](std::string_view text) { options.filters.add(text); }, "filter",
        "Take only what agrees with label=KEY[=VALUE] or label!=KEY[=VALUE]",
        complete::words("label= label!= all=1"));
}

ExitCode run(engine::Engine& engine, const PruneOptions& options) {
    options.filters.check_names(filter_names);
    const std::optional<bool> all_by_filter = options.filters.boolean("all");
    if (options.all && all_by_filter)
        throw Error(ErrorKind::usage,
                    "conflicting options: cannot specify both --all and --filter "
                    "all=1");
    const bool all = options.all || all_by_filter.value_or(false);
    if (!options.force &&
        !ask_to_prune(all ? "This will remove all local volumes not used by at least one container."
                          : "This will remove anonymous local volumes not used by at least one "
                            "container."))
        return ExitCode::ok;
    engine::repair(engine);
    const engine::PrunedVolumes pruned =
        engine::prune_volumes(engine, [&](const engine::VolumeRecord& volume) {
            return (all || volume.is_anonymous()) && options.filters.match_labels(volume.labels);
        });
    if (!pruned.names.empty()) {
        print_line("Deleted Volumes:");
        for (const std::string& name : pruned.names) print_line(name);
        print_line("");
    }
    print_line("Total reclaimed space: " + human_size(pruned.reclaimed, 4));
    return ExitCode::ok;
}

}  // namespace

Command volume_prune_command() {
    return make_command<PruneOptions>(declare, run);
}

}  // namespace skiff::cli
