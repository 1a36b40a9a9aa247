// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/volume/volume_names.h"
#include "engine/volume/volume_store.h"

namespace skiff::cli {
namespace {

struct ExistsOptions {
    std::string volume;
};

void declare(CommandBuilder& command, ExistsOptions& options) {
    command.argument("VOLUME", options.volume, complete::volumes);
}

ExitCode run(engine::Engine& engine, const ExistsOptions& options) {
    return engine::volume_exists(engine, options.volume) ? ExitCode::ok : ExitCode::not_found;
}

}  // namespace

Command volume_exists_command() {
    return make_command<ExistsOptions>(declare, run);
}

}  // namespace skiff::cli
