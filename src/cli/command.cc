// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"

#include <algorithm>

#include "base/text.h"
#include "engine/config.h"
#include "engine/container/revive.h"

namespace skiff::cli {

namespace {

std::string default_of(const ValueTarget& target) {
    if (const auto* flag = std::get_if<bool*>(&target)) return **flag ? "true" : "";
    if (const auto* number = std::get_if<int*>(&target))
        return **number == 0 ? "" : fmt::format("{}", **number);
    if (const auto* text = std::get_if<std::string*>(&target))
        return (*text)->empty() ? "" : quoted(**text);
    return "";
}

}  // namespace

void prepare(engine::Engine& engine) {
    engine::load_config(engine);
    engine::refuse_newer_store(engine);
    engine::revive(engine);
}

std::string OptionSpec::display_name() const {
    if (short_name == '\0') return fmt::format("--{}", long_name);
    return fmt::format("-{}, --{}", short_name, long_name);
}

void CommandBuilder::flag(std::string_view names, bool& target, std::string_view text) {
    add(names, &target, "", text, complete::none);
}

void CommandBuilder::flag(std::string_view names, std::optional<bool>& target,
                          std::string_view text) {
    add(names, &target, "", text, complete::none);
}

void CommandBuilder::add(std::string_view names, ValueTarget target, std::string_view value_name,
                         std::string_view text, Completer completer) {
    OptionSpec option{.target = std::move(target),
                      .value_name = value_name,
                      .text = text,
                      .completer = completer};
    for (std::string_view name : split(names, ',')) {
        if (!name.starts_with("--")) {
            option.short_name = name.at(1);
        } else if (option.long_name.empty()) {
            option.long_name = name.substr(2);
        } else {
            option.other_long_name = name.substr(2);
        }
    }
    option.default_text = default_of(option.target);
    options_.push_back(std::move(option));
}

void CommandBuilder::argument(std::string_view name, std::string& target, Completer completer,
                              std::function<bool()> dispensable) {
    arguments_.push_back({name, &target, true, completer, std::move(dispensable)});
}

void CommandBuilder::optional_argument(std::string_view name, std::string& target,
                                       Completer completer) {
    arguments_.push_back({name, &target, false, completer});
}

void CommandBuilder::arguments(std::string_view name, std::vector<std::string>& target,
                               Completer completer, std::function<bool()> dispensable) {
    arguments_.push_back({name, &target, true, completer, std::move(dispensable)});
}

void CommandBuilder::optional_arguments(std::string_view name, std::vector<std::string>& target,
                                        Completer completer) {
    arguments_.push_back({name, &target, false, completer});
}

void CommandBuilder::program(std::vector<std::string>& target, bool required) {
    arguments_.push_back({"COMMAND", &target, required, complete::none});
    options_first_ = true;
}

void CommandBuilder::raw_words(std::vector<std::string>& target) {
    arguments_.push_back({"WORD", &target, false, complete::none});
    raw_words_ = true;
}

std::string CommandBuilder::usage_text() const {
    std::string text = "[OPTIONS]";
    if (!usage_.empty()) return text.append(" ").append(usage_);
    for (const ArgumentSpec& argument : arguments_) {
        if (argument.is_list() && argument.name == "COMMAND") {
            text += " [COMMAND] [ARG...]";
        } else if (argument.is_list()) {
            text += fmt::format(fmt::runtime(argument.required ? " {0} [{0}...]" : " [{0}...]"),
                                argument.name);
        } else {
            text += fmt::format(fmt::runtime(argument.required ? " {}" : " [{}]"), argument.name);
        }
    }
    return text;
}

const OptionSpec* CommandBuilder::find(std::string_view long_name) const {
    const auto found = std::ranges::find_if(options_, [&](const OptionSpec& option) {
        return option.long_name == long_name ||
               (!option.other_long_name.empty() && option.other_long_name == long_name);
    });
    return found == options_.end() ? nullptr : &*found;
}

const OptionSpec* CommandBuilder::find(char short_name) const {
    const auto found = std::ranges::find(options_, short_name, &OptionSpec::short_name);
    return found == options_.end() ? nullptr : &*found;
}

}  // namespace skiff::cli
