// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/output.h"
#include "engine/registry/login.h"

namespace skiff::cli {
namespace {

struct LogoutOptions {
    std::string server;
};

void declare(CommandBuilder& command, LogoutOptions& options) {
    command.optional_argument("SERVER", options.server);
}

ExitCode run(const LogoutOptions& options) {
    const std::string registry = engine::registry_name(options.server);
    const std::string title = engine::registry_title(registry);
    if (engine::log_out(registry))
        print_line("Removing login credentials for " + title);
    else
        print_line("Not logged in to " + title);
    return ExitCode::ok;
}

}  // namespace

Command logout_command() {
    return make_command<LogoutOptions>(declare, run);
}

}  // namespace skiff::cli
