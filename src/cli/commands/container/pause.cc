// SPDX-License-Identifier: Apache-2.0
#include "engine/container/pause.h"

#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

void declare(CommandBuilder& command, ContainerChoice& choice) {
    declare_choice(
        command, choice,
        {.all_text = "Pause all running containers", .completer = complete::running_containers});
}

ExitCode run(engine::Engine& engine, const ContainerChoice& choice) {
    const ChoiceRules rules{.about =
                                [](const engine::ContainerState& state) {
                                    return state.status == engine::ContainerStatus::running &&
                                           !state.paused;
                                },
                            .of_conflict = ExitCode{1}};
    return for_each_chosen(engine, choice, rules, [&](const std::string& container) {
        engine::pause_container(engine, container);
        print_line(container);
    });
}

}  // namespace

Command pause_command() {
    return make_command<ContainerChoice>(declare, run);
}

}  // namespace skiff::cli
