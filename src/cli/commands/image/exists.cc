// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/image/image_names.h"
#include "engine/image/list.h"

namespace skiff::cli {
namespace {

struct ExistsOptions {
    std::string image;
};

void declare(CommandBuilder& command, ExistsOptions& options) {
    command.argument("IMAGE", options.image, complete::images);
}

ExitCode run(engine::Engine& engine, const ExistsOptions& options) {
    return engine::image_exists(engine, options.image) ? ExitCode::ok : ExitCode::not_found;
}

}  // namespace

Command image_exists_command() {
    return make_command<ExistsOptions>(declare, run);
}

}  // namespace skiff::cli
