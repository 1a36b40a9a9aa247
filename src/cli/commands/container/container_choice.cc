// SPDX-License-Identifier: Apache-2.0
#include "cli/commands/container/container_choice.h"

#include "cli/commands/container/ps_filters.h"
#include "cli/output.h"

namespace skiff::cli {

void declare_choice(CommandBuilder& command, ContainerChoice& choice,
                    const ChoiceOptions& options) {
    if (!options.all.empty()) command.flag(options.all, choice.all, options.all_text);
    if (!options.filter.empty())
        command.parsed(
            options.filter, [&choice](std::string_view text) { choice.filters.add(text); },
            "filter", "Take the containers that agree with NAME=VALUE, as of 'skiff ps'",
            complete::words(ps_filter_names));
    if (!options.ignore.empty())
        command.flag(options.ignore, choice.ignore, "Pass over containers that do not exist");
    if (!options.latest.empty())
        command.flag(options.latest, choice.latest, "Take the container that was created last");
    command.arguments("CONTAINER", choice.names, options.completer,
                      [&choice] { return choice.by_option(); });
}

void declare_latest(CommandBuilder& command, bool& latest) {
    command.flag("-l,--latest", latest, "Take the container that was created last");
}

std::string latest_container(const engine::Engine& engine) {
    const std::vector<engine::ContainerSummary> containers = engine::list_containers(engine, true);
    if (containers.empty()) throw Error(ErrorKind::not_found, "there is no container");
    return containers.front().record.id;
}

std::vector<std::string> chosen_containers(const engine::Engine& engine,
                                           const ContainerChoice& choice,
                                           const ChoiceRules& rules) {
    if (!choice.by_option()) return choice.names;
    if (!choice.names.empty())
        throw Error(ErrorKind::usage,
                    "names of containers and an option that chooses them exclude each other");
    if (choice.latest) {
        if (choice.all || !choice.filters.empty())
            throw Error(ErrorKind::usage, "--latest excludes --all and --filter");
        return {latest_container(engine)};
    }
    PsFilters filters(engine, choice.filters);
    std::vector<std::string> ids;
    for (const engine::ContainerSummary& container : engine::list_containers(engine, true))
        if ((rules.about == nullptr || rules.about(container.state)) && filters.agree(container))
            ids.push_back(container.record.id);
    return ids;
}

ExitCode for_each_chosen(const engine::Engine& engine, const ContainerChoice& choice,
                         const ChoiceRules& rules,
                         const std::function<void(const std::string& container)>& act) {
    ExitCode result = ExitCode::ok;
    const bool ignore_missing = choice.ignore || (choice.by_option() && !choice.latest);
    for (const std::string& container : chosen_containers(engine, choice, rules)) {
        try {
            act(container);
        } catch (const Error& error) {
            if (ignore_missing && error.kind() == ErrorKind::not_found) continue;
            flush_output();  // in the order of the names where both streams go to one place
            print_error(error);
            result = worse_of(result, error.kind() == ErrorKind::conflict
                                          ? rules.of_conflict
                                          : exit_code_of(error.kind(), ExitRules::objects));
        }
    }
    return result;
}

}  // namespace skiff::cli
