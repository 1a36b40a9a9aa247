// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <iostream>

#include "base/moment.h"
#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "engine/container/remove.h"
#include "format/filters.h"

namespace skiff::cli {
namespace {

constexpr std::array<std::string_view, 3> filter_names{"label", "label!", "until"};

struct PruneFlags {
    bool force = false;
    format::Filters filters;
};

void declare(CommandBuilder& command, PruneFlags& flags) {
    command.flag("-f,--force", flags.force, "Do not ask");
    command.parsed(
        "--filter", [&flags](std::string_view text) { flags.filters.add(text); }, "filter",
        "Take only what agrees with label=KEY[=VALUE], label!=KEY[=VALUE] or until=TIME",
        complete::words("label= label!= until="));
}

bool ask() {
    print_for_people("WARNING! This will remove all stopped containers.\n");
    print_for_people("Are you sure you want to continue? [y/N] ");
    std::string answer;
    std::getline(std::cin, answer);
    answer = to_lower(trim(answer));
    return answer == "y" || answer == "yes";
}

/// Of --filter until=: what was created before it.
Timestamp moment_of(const format::Filters& filters) {
    const std::vector<std::string>& values = filters.values("until");
    if (values.empty()) return Timestamp::max();
    if (values.size() > 1) throw Error(ErrorKind::invalid, "more than one until filter specified");
    return with_context([&] { return parse_moment(values[0], now()); },
                        "invalid value for \"until\"");
}

ExitCode run(engine::Engine& engine, const PruneFlags& flags) {
    flags.filters.check_names(filter_names);
    const Timestamp until = moment_of(flags.filters);
    if (!flags.force && !ask()) return ExitCode::ok;
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
