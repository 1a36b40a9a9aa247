// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/each.h"
#include "cli/output.h"
#include "engine/image/remove.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"no-prune"}, UnsupportedFlag{"platform"}};

struct RmiOptions {
    std::vector<std::string> images;
    bool force = false;
};

void declare(CommandBuilder& command, RmiOptions& options) {
    command.flag(
        "-f,--force", options.force,
        "Remove images with several names or stopped containers, and pass over missing ones");
    command.arguments("IMAGE", options.images, complete::images);
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const RmiOptions& options) {
    const ExitCode result = for_each_reporting(options.images, [&](const std::string& image) {
        const engine::RemovedImages removed = engine::remove_image(engine, image, options.force);
        for (const std::string& name : removed.untagged) print_line("Untagged: " + name);
        for (const std::string& id : removed.deleted) print_line("Deleted: " + id);
    });
    // As Docker: with -f a missing image is told of, but is what was asked for.
    return options.force && result == ExitCode::not_found ? ExitCode::ok : result;
}

}  // namespace

Command rmi_command() {
    return make_command<RmiOptions>(declare, run);
}

}  // namespace skiff::cli
