// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/container/ps_filters.h"
#include "cli/commands/container/ps_row.h"
#include "cli/list_options.h"
#include "cli/output.h"
#include "engine/container/lifecycle.h"

namespace skiff::cli {
namespace {

constexpr std::string_view table =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}";
constexpr std::string_view table_with_size =
    "table {{.ID}}\t{{.Image}}\t{{.Command}}\t{{.RunningFor}}\t{{.Status}}\t{{.Ports}}\t{{.Names}}"
    "\t{{.Size}}";

struct PsFlags {
    bool all = false;
    bool quiet = false;
    bool no_trunc = false;
    bool size = false;
    bool external = false;
    bool latest = false;
    int last = -1;
    std::string format;
    format::Filters filters;
};

void declare(CommandBuilder& command, PsFlags& flags) {
    command.flag("-a,--all", flags.all, "Show all containers (default shows just running)");
    command.flag("--external", flags.external,
                 "Show what is in the store without being a container (yet), too");
    declare_filter(command, flags.filters, complete::words(ps_filter_names));
    declare_list_format(command, flags.format);
    command.option("-n,--last", flags.last, "int",
                   "Show n last created containers (includes all states)");
    command.flag("-l,--latest", flags.latest,
                 "Show the latest created container (includes all states)");
    command.flag("--no-trunc", flags.no_trunc, "Show ids and commands in full");
    command.flag("-q,--quiet", flags.quiet, "Only display container IDs");
    command.flag("-s,--size", flags.size, "Display total file sizes");
}

std::string_view listing_format(const PsFlags& flags) {
    if (flags.quiet) return "{{.ID}}";
    return format_or(flags.format, flags.size ? table_with_size : table);
}

std::vector<engine::ContainerSummary> chosen_containers(const engine::Engine& engine,
                                                        const PsFlags& flags) {
    PsFilters filters(engine, flags.filters);
    const int limit = flags.latest && flags.last == -1 ? 1 : flags.last;
    std::vector<engine::ContainerSummary> containers =
        engine::repair_and_list(engine, flags.all || limit > 0 || filters.looks_at_all());
    if (flags.external)
        for (engine::ContainerSummary& other : engine::list_external(engine))
            containers.push_back(std::move(other));
    std::erase_if(containers, [&](const auto& container) { return !filters.agree(container); });
    const auto count = static_cast<size_t>(std::max(limit, 0));
    if (limit > 0 && count < containers.size())
        containers.erase(containers.begin() + limit, containers.end());
    return containers;
}

ExitCode run(engine::Engine& engine, const PsFlags& flags) {
    if (!flags.format.empty()) format::check_format(flags.format, ps_row_type);
    if (flags.quiet && !flags.format.empty() && flags.format != "table")
        print_for_people(
            "WARNING: Ignoring custom format, because both --format and --quiet are set.\n");
    const std::vector<engine::ContainerSummary> containers = chosen_containers(engine, flags);
    // Docker's JSON has sizes only when they are asked for: they cost a walk through all files.
    const PsList list(engine, containers, !flags.no_trunc, flags.size || flags.format != "json");
    format::Listing listing(listing_format(flags), ps_row_type);
    for (const engine::ContainerSummary& container : containers)
        listing.add(PsRow{container, list});
    print(listing.text());
    return ExitCode::ok;
}

}  // namespace

Command ps_command() {
    return make_command<PsFlags>(declare, run);
}

}  // namespace skiff::cli
