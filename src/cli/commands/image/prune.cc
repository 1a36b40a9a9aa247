// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <iostream>

#include "base/text.h"
#include "cli/command.h"
#include "cli/output.h"
#include "engine/image/remove.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"filter"}};

struct PruneOptions {
    bool all = false;
    bool force = false;
};

void declare(CommandBuilder& command, PruneOptions& options) {
    command.flag("-a,--all", options.all,
                 "Remove every image that no container uses, named or not");
    command.flag("-f,--force", options.force, "Do not ask");
    command.unsupported(not_yet);
}

bool ask(bool all) {
    print_for_people(all ? "WARNING! This will remove all images without at least one container "
                           "associated to them.\n"
                         : "WARNING! This will remove all dangling images.\n");
    print_for_people("Are you sure you want to continue? [y/N] ");
    std::string answer;
    std::getline(std::cin, answer);
    answer = to_lower(trim(answer));
    return answer == "y" || answer == "yes";
}

ExitCode run(engine::Engine& engine, const PruneOptions& options) {
    if (!options.force && !ask(options.all)) return ExitCode::ok;
    const engine::RemovedImages removed = engine::prune_images(engine, options.all);
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
