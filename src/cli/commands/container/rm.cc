// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"
#include "engine/container/remove.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"link", 'l'}};

struct RmFlags {
    ContainerChoice choice;
    engine::RemoveOptions options;
};

void declare(CommandBuilder& command, RmFlags& flags) {
    command.flag("-f,--force", flags.options.force,
                 "Kill running containers first, and pass over missing ones");
    command.option("-t,--time,--timeout", flags.options.timeout_seconds, "int",
                   "With --force: seconds to wait for the end before killing, -1: for ever");
    command.flag("--depend", flags.options.dependents,
                 "Remove the containers that require them (run --requires) first");
    command.flag("-v,--volumes", flags.options.volumes,
                 "Remove the containers' anonymous volumes as well");
    declare_choice(command, flags.choice,
                   {.all_text = "Remove all containers; running ones only with --force",
                    .latest = "--latest",
                    .filter = "--filter",
                    .ignore = "-i,--ignore",
                    .completer = complete::containers});
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const RmFlags& flags) {
    if (flags.options.timeout_seconds && !flags.options.force)
        throw Error(ErrorKind::usage, "--time is for --force");
    const ExitCode result =
        for_each_chosen(engine, flags.choice, {}, [&](const std::string& container) {
            engine::RemoveOptions options = flags.options;
            options.removed_dependent = [&](const std::string& id) { print_line(id); };
            engine::remove_container(engine, container, options);
            print_line(container);
        });
    // As Docker: with -f a missing container is told of, but is what was asked for.
    return flags.options.force && result == ExitCode::not_found ? ExitCode::ok : result;
}

}  // namespace

Command rm_command() {
    return make_command<RmFlags>(declare, run);
}

}  // namespace skiff::cli
