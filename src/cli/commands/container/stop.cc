// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

struct StopFlags {
    ContainerChoice choice;
    engine::StopOptions stop;
};

void declare(CommandBuilder& command, StopFlags& flags) {
    command.option("-s,--signal", flags.stop.signal, "string",
                   "Signal to send (default: the container's, else SIGTERM)");
    command.option(
        "-t,--timeout,--time", flags.stop.timeout_seconds, "int",
        "Seconds to wait before killing it, -1: for ever (default: the container's, else 10)");
    declare_choice(command, flags.choice,
                   {.all_text = "Stop all running containers",
                    .ignore = "-i,--ignore",
                    .completer = complete::running_containers});
}

ExitCode run(engine::Engine& engine, const StopFlags& flags) {
    const ChoiceRules rules{
        .about = [](const engine::ContainerState& state) { return is_active(state.status); }};
    return for_each_chosen(engine, flags.choice, rules, [&](const std::string& container) {
        engine::stop_container(engine, container, flags.stop);
        print_line(container);
    });
}

}  // namespace

Command stop_command() {
    return make_command<StopFlags>(declare, run);
}

}  // namespace skiff::cli
