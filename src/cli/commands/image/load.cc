// SPDX-License-Identifier: Apache-2.0
#include "engine/image/load.h"

#include "cli/command.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

struct LoadFlags {
    engine::LoadRequest request;
    bool quiet = false;  ///< nothing is shown but the result, with and without it
};

void declare(CommandBuilder& command, LoadFlags& flags) {
    command.option("-i,--input", flags.request.source, "file",
                   "Read from a file instead of standard input", complete::files);
    command.option("--platform", flags.request.platform, "string",
                   "Take the image for this os/architecture where the archive has several");
    command.flag("-q,--quiet", flags.quiet, "Show no progress (there is none to show)");
}

ExitCode run(engine::Engine& engine, const LoadFlags& flags) {
    for (const engine::LoadedImage& image : engine::load_images(engine, flags.request)) {
        for (const std::string& name : image.names) print_line("Loaded image: " + name);
        if (image.names.empty()) print_line("Loaded image ID: " + image.id.text());
    }
    return ExitCode::ok;
}

}  // namespace

Command load_command() {
    return make_command<LoadFlags>(declare, run);
}

}  // namespace skiff::cli
