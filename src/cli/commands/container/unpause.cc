// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"
#include "engine/container/pause.h"

namespace skiff::cli {
namespace {

void declare(CommandBuilder& command, ContainerChoice& choice) {
    declare_choice(
        command, choice,
        {.all_text = "Let all paused containers go on", .completer = complete::running_containers});
}

ExitCode run(engine::Engine& engine, const ContainerChoice& choice) {
    const ChoiceRules rules{
        .about = [](const engine::ContainerState& state) { return is_paused(state); },
        .of_conflict = ExitCode{1}};
    return for_each_chosen(engine, choice, rules, [&](const std::string& container) {
        engine::unpause_container(engine, container);
        print_line(container);
    });
}

}  // namespace

Command unpause_command() {
    return make_command<ContainerChoice>(declare, run);
}

}  // namespace skiff::cli
