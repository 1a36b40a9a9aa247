// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/secret/secret_names.h"
#include "engine/secret/secrets.h"

namespace skiff::cli {
namespace {

struct ExistsOptions {
    std::string secret;
};

void declare(CommandBuilder& command, ExistsOptions& options) {
    command.argument("SECRET", options.secret, complete::secrets);
}

ExitCode run(engine::Engine& engine, const ExistsOptions& options) {
    try {
        engine::get_secret(engine, options.secret);
        return ExitCode::ok;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found) throw;
        return ExitCode::not_found;
    }
}

}  // namespace

Command secret_exists_command() {
    return make_command<ExistsOptions>(declare, run);
}

}  // namespace skiff::cli
