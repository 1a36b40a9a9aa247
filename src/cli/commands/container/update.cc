// SPDX-License-Identifier: Apache-2.0
#include "engine/container/update.h"

#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/each.h"
#include "cli/output.h"
#include "cli/resource_flags.h"
#include "engine/container/restart_policy.h"

namespace skiff::cli {
namespace {

struct UpdateFlags {
    engine::UpdateRequest request;
    std::vector<std::string> containers;
};

void declare(CommandBuilder& command, UpdateFlags& flags) {
    declare_resource_flags(command, flags.request.resources);
    command.option("--restart", flags.request.restart, "string",
                   "Restart policy to apply when a container exits",
                   complete::words("no always unless-stopped on-failure"));
    command.arguments("CONTAINER", flags.containers, complete::containers);
}

ExitCode run(engine::Engine& engine, const UpdateFlags& flags) {
    if (flags.request.resources == engine::Resources{} && !flags.request.restart) {
        print_error(
            Error(ErrorKind::usage, "you must provide one or more flags when using this command"));
        return ExitCode{1};
    }
    if (flags.request.restart) engine::parse_restart_policy(*flags.request.restart);
    const ExitCode result = for_each_reporting(flags.containers, [&](const std::string& container) {
        for (const std::string& sentence :
             engine::update_container(engine, container, flags.request))
            engine.warn(sentence);
        print_line(container);
    });
    // Docker's status, whatever the reason.
    return result == ExitCode::ok ? result : ExitCode{1};
}

}  // namespace

Command update_command() {
    return make_command<UpdateFlags>(declare, run);
}

}  // namespace skiff::cli
