// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/each.h"
#include "cli/output.h"
#include "engine/container/remove.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"link", 'l'}, UnsupportedFlag{"volumes", 'v'}};

struct RmFlags {
    std::vector<std::string> containers;
    bool force = false;
};

void declare(CommandBuilder& command, RmFlags& flags) {
    command.flag("-f,--force", flags.force,
                 "Kill running containers first, and pass over missing ones");
    command.arguments("CONTAINER", flags.containers, complete::containers);
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const RmFlags& flags) {
    const ExitCode result = for_each_reporting(flags.containers, [&](const std::string& name) {
        engine::remove_container(engine, name, {.force = flags.force});
        print_line(name);
    });
    // As Docker: with -f a missing container is told of, but is what was asked for.
    return flags.force && result == ExitCode::not_found ? ExitCode::ok : result;
}

}  // namespace

Command rm_command() {
    return make_command<RmFlags>(declare, run);
}

}  // namespace skiff::cli
