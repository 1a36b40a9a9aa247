// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

struct KillFlags {
    ContainerChoice choice;
    std::string signal;
};

void declare(CommandBuilder& command, KillFlags& flags) {
    command.option("-s,--signal", flags.signal, "string",
                   "Signal to send, by name or number (default: SIGKILL)");
    declare_choice(command, flags.choice,
                   {.all_text = "Send it to all running containers",
                    .filter = "",
                    .completer = complete::running_containers});
}

ExitCode run(engine::Engine& engine, const KillFlags& flags) {
    const ChoiceRules rules{
        .about = [](const engine::ContainerState& state) { return is_active(state.status); },
        .of_conflict = ExitCode{1}};
    return for_each_chosen(engine, flags.choice, rules, [&](const std::string& container) {
        engine::kill_container(engine, container, flags.signal);
        print_line(container);
    });
}

}  // namespace

Command kill_command() {
    return make_command<KillFlags>(declare, run);
}

}  // namespace skiff::cli
