// SPDX-License-Identifier: Apache-2.0
// The commands for several containers: named ones, or --all, --latest, --filter.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/exit_code.h"
#include "engine/container/lifecycle.h"
#include "format/filters.h"

namespace skiff::cli {

struct ContainerChoice {
    std::vector<std::string> names;
    bool all = false;
    bool latest = false;
    bool ignore = false;  ///< a missing container is no failure
    format::Filters filters;

    /// Names are not needed, and not allowed.
    bool by_option() const { return all || latest || !filters.empty(); }
};

/// The names of the options; "" for one that the command has not.
struct ChoiceOptions {
    std::string_view all = "-a,--all";
    std::string_view all_text = "";
    std::string_view latest = "-l,--latest";
    std::string_view filter = "-f,--filter";
    std::string_view ignore = "";
    Completer completer = complete::none;
};
/// CONTAINER [CONTAINER...] and those options.
void declare_choice(CommandBuilder& command, ContainerChoice& choice, const ChoiceOptions& options);

/// -l, --latest of a command for one container.
void declare_latest(CommandBuilder& command, bool& latest);
/// The id of the container that was created last. Throws Error{not_found}.
std::string latest_container(const engine::Engine& engine);

struct ChoiceRules {
    /// Which of all containers --all and --filter are about; null: every one.
    std::function<bool(const engine::ContainerState&)> about = nullptr;
    /// For a container that is not in the state that the command needs.
    ExitCode of_conflict = ExitCode::failure;
};

/// What to act on: names as typed, else ids.
std::vector<std::string> chosen_containers(const engine::Engine& engine,
                                           const ContainerChoice& choice, const ChoiceRules& rules);

/// Tries each and reports each failure, as for_each_reporting; `act` prints what it did. What was
/// not named and is removed meanwhile is passed over.
ExitCode for_each_chosen(const engine::Engine& engine, const ContainerChoice& choice,
                         const ChoiceRules& rules,
                         const std::function<void(const std::string& container)>& act);

}  // namespace skiff::cli
