// SPDX-License-Identifier: Apache-2.0
#include "engine/image/load.h"

#include <array>

#include "cli/command.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"quiet", 'q'}};

void declare(CommandBuilder& command, engine::LoadRequest& request) {
    command.option("-i,--input", request.source, "file",
                   "Read from a file instead of standard input", complete::files);
    command.option("--platform", request.platform, "string",
                   "Take the image for this os/architecture where the archive has several");
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const engine::LoadRequest& request) {
    for (const engine::LoadedImage& image : engine::load_images(engine, request)) {
        for (const std::string& name : image.names) print_line("Loaded image: " + name);
        if (image.names.empty()) print_line("Loaded image ID: " + image.id.text());
    }
    return ExitCode::ok;
}

}  // namespace

Command load_command() {
    return make_command<engine::LoadRequest>(declare, run);
}

}  // namespace skiff::cli
