// SPDX-License-Identifier: Apache-2.0
#include "cli/prune.h"

#include <array>

#include "base/size.h"
#include "cli/output.h"
#include "engine/build/prune.h"

namespace skiff::cli {
namespace {

constexpr std::array<std::string_view, 1> filter_names{"until"};

struct PruneOptions {
    bool all = false;
    bool force = false;
    std::uint64_t keep = 0;
    format::Filters filters;
};

void declare(CommandBuilder& command, PruneOptions& options) {
    command.flag("-a,--all", options.all, "Remove what images were made of, too");
    command.flag("-f,--force", options.force, "Do not ask");
    command.parsed(
        "--filter", [&options](std::string_view text) { options.filters.add(text); }, "filter",
        "Take only what was used last before until=TIME", complete::words("until="));
    command.parsed(
        "--keep-storage",
        [&options](std::string_view text) { options.keep = parse_binary_size(text); }, "bytes",
        "Amount of disk space to keep for cache");
}

ExitCode run(engine::Engine& engine, const PruneOptions& options) {
    options.filters.check_names(filter_names);
    engine::CachePruneRequest request;
    request.all = options.all;
    request.before = prune_limit(options.filters);
    request.keep_bytes = options.keep;
    if (!options.force && !ask_to_prune(options.all ? "This will remove all build cache."
                                                    : "This will remove all dangling build cache."))
        return ExitCode::ok;
    const engine::PrunedCache pruned = engine::prune_build_cache(engine, request);
    if (!pruned.ids.empty()) {
        print_line("Deleted build cache objects:");
        for (const std::string& id : pruned.ids) print_line(id.substr(0, 25));
        print_line("");
    }
    print_line("Total reclaimed space: " + human_size(pruned.reclaimed, 4));
    return ExitCode::ok;
}

}  // namespace

Command builder_prune_command() {
    return make_command<PruneOptions>(declare, run);
}

}  // namespace skiff::cli
