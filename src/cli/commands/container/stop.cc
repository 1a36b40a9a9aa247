// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <optional>
#include <span>

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

// As many as Docker stops side by side; each holds a few descriptors.
constexpr size_t at_a_time = 50;

/// Asks the last of `names` to stop; nothing when that is to be done, or fails, in its turn.
std::optional<engine::StopRequest> ask(const engine::Engine& engine,
                                       std::span<const std::string> names,
                                       const engine::StopOptions& options) {
    const std::string& name = names.back();
    if (std::ranges::find(names, name) != names.end() - 1) return std::nullopt;  // named twice
    try {
        return std::make_optional<engine::StopRequest>(engine, name, options);
    } catch (const Error&) {
        return std::nullopt;
    }
}

ExitCode run(engine::Engine& engine, const StopFlags& flags) {
    const ChoiceRules rules{
        .about = [](const engine::ContainerState& state) { return is_active(state.status); }};
    const ContainerChoice& choice = flags.choice;
    ContainerChoice chosen;
    chosen.names = chosen_containers(engine, choice, rules);
    chosen.ignore = choice.ignore || (choice.by_option() && !choice.latest);
    const std::vector<std::string>& names = chosen.names;
    std::vector<std::optional<engine::StopRequest>> asked;
    size_t turn = 0;
    return for_each_chosen(engine, chosen, rules, [&](const std::string& container) {
        while (asked.size() < std::min(names.size(), turn + at_a_time))
            asked.push_back(ask(engine, std::span(names).first(asked.size() + 1), flags.stop));
        std::optional<engine::StopRequest>& request = asked.at(turn++);
        if (!request) request.emplace(engine, container, flags.stop);  // tells what is wrong
        request->await(engine);
        request.reset();
        print_line(container);
    });
}

}  // namespace

Command stop_command() {
    return make_command<StopFlags>(declare, run);
}

}  // namespace skiff::cli
