// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

struct RestartFlags {
    ContainerChoice choice;
    engine::StopOptions stop;
    bool running = false;
};

void declare(CommandBuilder& command, RestartFlags& flags) {
    command.flag("--running", flags.running, "With --all: only those that run");
    command.option("-s,--signal", flags.stop.signal, "string",
                   "Signal to send (default: the container's, else SIGTERM)");
    command.option(
        "-t,--timeout,--time", flags.stop.timeout_seconds, "int",
        "Seconds to wait before killing it, -1: for ever (default: the container's, else 10)");
    declare_choice(command, flags.choice,
                   {.all_text = "Restart all containers, whether they run or not",
                    .completer = complete::containers});
}

ExitCode run(engine::Engine& engine, const RestartFlags& flags) {
    ContainerChoice choice = flags.choice;
    if (flags.running && !choice.by_option())
        throw Error(ErrorKind::usage, "--running needs --all or --filter");
    ChoiceRules rules;
    if (flags.running)
        rules.about = [](const engine::ContainerState& state) { return is_active(state.status); };
    return for_each_chosen(engine, choice, rules, [&](const std::string& container) {
        engine::restart_container(engine, container, flags.stop);
        print_line(container);
    });
}

}  // namespace

Command restart_command() {
    return make_command<RestartFlags>(declare, run);
}

}  // namespace skiff::cli
