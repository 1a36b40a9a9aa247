// SPDX-License-Identifier: Apache-2.0
#include "engine/registry/pull.h"

#include "cli/command.h"
#include "cli/each.h"
#include "cli/output.h"
#include "cli/transfer_display.h"

namespace skiff::cli {
namespace {

struct PullOptions {
    std::vector<std::string> images;
    std::string platform;
    bool all_tags = false;
    bool quiet = false;
};

void declare(CommandBuilder& command, PullOptions& options) {
    command.flag("-a,--all-tags", options.all_tags, "Pull every tag of the repository");
    command.option("--platform", options.platform, "string",
                   "Pull the image for this os/architecture, where there are several");
    command.flag("-q,--quiet", options.quiet, "Print only the full name of the image");
    command.arguments("NAME[:TAG|@DIGEST]", options.images);
}

ExitCode run(engine::Engine& engine, const PullOptions& options) {
    const ExitCode result = for_each_reporting(options.images, [&](const std::string& image) {
        const auto display =
            make_transfer_display(options.quiet ? TransferOutput::none : TransferOutput::data);
        const auto pulled = engine::pull_images(
            engine, {.image = image, .platform = options.platform, .all_tags = options.all_tags},
            *display);
        if (!pulled.empty())
            print_line(options.all_tags ? pulled.front().repository : pulled.front().reference);
    });
    flush_output();
    end_by_transfer_signal();
    return result;
}

}  // namespace

Command pull_command() {
    return make_command<PullOptions>(declare, run);
}

}  // namespace skiff::cli
