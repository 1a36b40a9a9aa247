// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/commands/container/front.h"
#include "cli/output.h"
#include "engine/container/run.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"checkpoint"}, UnsupportedFlag{"checkpoint-dir"}};

struct StartFlags {
    ContainerChoice choice;
    engine::StartOptions options;
};

void declare(CommandBuilder& command, StartFlags& flags) {
    command.flag("-a,--attach", flags.options.attach,
                 "Stay in front of the container: its output, and signals to it");
    command.option("--detach-keys", flags.options.detach_keys, "string",
                   "Keys that leave the container running in the background");
    command.flag("-i,--interactive", flags.options.interactive,
                 "Stay in front of the container, and give it our input");
    command.flag("--sig-proxy", flags.options.signal_proxy,
                 "Pass signals that reach this command on to the program");
    declare_choice(command, flags.choice,
                   {.all = "--all",
                    .all_text = "Start all containers that do not run",
                    .completer = complete::containers});
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const StartFlags& flags) {
    const ChoiceRules rules{
        .about = [](const engine::ContainerState& state) { return !is_active(state.status); }};
    engine::StartOptions options = flags.options;
    options.attach = options.attach || options.interactive;
    if (!options.attach) {
        const ExitCode code =
            for_each_chosen(engine, flags.choice, rules, [&](const std::string& container) {
                engine::start_container(engine, container, options);
                print_line(container);
            });
        print_phases(engine.phases());
        return code;
    }
    const std::vector<std::string> containers = chosen_containers(engine, flags.choice, rules);
    if (containers.empty()) return ExitCode::ok;
    if (containers.size() > 1)
        throw Error(ErrorKind::usage, "you cannot start and attach multiple containers at once");
    const engine::RunResult result = engine::start_container(engine, containers[0], options);
    print_phases(engine.phases());
    return end_as(result);
}

}  // namespace

Command start_command() {
    return make_command<StartFlags>(declare, run);
}

}  // namespace skiff::cli
