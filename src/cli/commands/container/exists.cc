// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "engine/container/container_files.h"

namespace skiff::cli {
namespace {

struct ExistsOptions {
    std::string container;
};

void declare(CommandBuilder& command, ExistsOptions& options) {
    command.argument("CONTAINER", options.container, complete::containers);
}

ExitCode run(engine::Engine& engine, const ExistsOptions& options) {
    try {
        engine::find_container(engine, options.container);
        return ExitCode::ok;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found) throw;
        return ExitCode::not_found;
    }
}

}  // namespace

Command container_exists_command() {
    return make_command<ExistsOptions>(declare, run);
}

}  // namespace skiff::cli
