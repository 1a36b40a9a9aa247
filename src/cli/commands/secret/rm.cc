// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/secret/secret_names.h"
#include "cli/each.h"
#include "cli/output.h"
#include "engine/secret/secrets.h"

namespace skiff::cli {
namespace {

struct RmOptions {
    std::vector<std::string> secrets;
    bool all = false;
    bool ignore = false;
};

void declare(CommandBuilder& command, RmOptions& options) {
    command.flag("-a,--all", options.all, "Remove all secrets");
    command.flag("-i,--ignore", options.ignore, "Pass over secrets that do not exist");
    command.arguments("SECRET", options.secrets, complete::secrets,
                      [&options] { return options.all; });
}

ExitCode run(engine::Engine& engine, const RmOptions& options) {
    std::vector<std::string> secrets = options.secrets;
    if (options.all) {
        secrets.clear();
        for (const engine::SecretRecord& secret : engine::list_secrets(engine))
            secrets.push_back(secret.id);
    }
    return for_each_reporting(secrets, [&](const std::string& secret) {
        try {
            print_line(engine::remove_secret(engine, secret));
        } catch (const Error& error) {
            if (!options.ignore || error.kind() != ErrorKind::not_found) throw;
        }
    });
}

}  // namespace

Command secret_rm_command() {
    return make_command<RmOptions>(declare, run);
}

}  // namespace skiff::cli
