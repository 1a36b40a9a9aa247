// SPDX-License-Identifier: Apache-2.0
#include "cli/prune.h"

#include "cli/output.h"
#include "engine/image/remove.h"

namespace skiff::cli {
namespace {

struct PruneOptions {
    bool all = false;
    bool force = false;
    format::Filters filters;
};

void declare(CommandBuilder& command, PruneOptions& options) {
    command.flag("-a,--all", options.all,
                 "Remove every image that no container uses, named or not");
    command.flag("-f,--force", options.force, "Do not ask");
    declare_prune_filter(command, options.filters);
}

ExitCode run(engine::Engine& engine, const PruneOptions& options) {
    engine::PruneRequest request;
    request.all = options.all;
    const Timestamp until = prune_limit(options.filters);
    if (!options.filters.empty())
        request.wanted = [&](const engine::PrunableImage& image) {
            // What has no date is not known to be old enough.
            const bool old = until == Timestamp::max() || (image.created && *image.created < until);
            return old && options.filters.match_labels(image.labels);
        };
    if (!options.force &&
        !ask_to_prune(options.all ? "This will remove all images without at least "
                                    "one container associated to them."
                                  : "This will remove all dangling images."))
        return ExitCode::ok;
    const engine::RemovedImages removed = engine::prune_images(engine, request);
    if (!removed.untagged.empty() || !removed.deleted.empty()) {
        print_line("Deleted Images:");
        for (const std::string& name : removed.untagged) print_line("untagged: " + name);
        for (const std::string& id : removed.deleted) print_line("deleted: " + id);
        print_line("");
    }
    print_line("Total reclaimed space: " + human_size(removed.reclaimed, 4));
    return ExitCode::ok;
}

}  // namespace

Command image_prune_command() {
    return make_command<PruneOptions>(declare, run);
}

}  // namespace skiff::cli
