// SPDX-License-Identifier: Apache-2.0
#include "engine/image/import.h"

#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

void declare(CommandBuilder& command, engine::ImportRequest& request) {
    command.option("-c,--change", request.changes, "list",
                   "Apply an instruction of a Dockerfile to the image's configuration");
    command.option("-m,--message", request.message, "string", "Set a comment for the image");
    command.option("--platform", request.platform, "string",
                   "Say for which os/architecture the image is");
    command.argument("FILE|-", request.source, complete::files);
    command.optional_argument("REPOSITORY[:TAG]", request.target, complete::images);
}

ExitCode run(engine::Engine& engine, const engine::ImportRequest& request) {
    print_line(engine::import_image(engine, request).text());
    return ExitCode::ok;
}

}  // namespace

Command import_command() {
    return make_command<engine::ImportRequest>(declare, run);
}

}  // namespace skiff::cli
