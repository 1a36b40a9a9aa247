// SPDX-License-Identifier: Apache-2.0
#include "engine/container/wait.h"

#include <variant>

#include "base/text.h"
#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

struct WaitFlags {
    ContainerChoice choice;
    std::string condition = "not-running";
};

void declare(CommandBuilder& command, WaitFlags& flags) {
    command.option("--condition", flags.condition, "string",
                   "What to wait for: not-running, next-exit or removed",
                   complete::words("not-running next-exit removed"));
    declare_choice(
        command, flags.choice,
        {.all = "", .filter = "", .ignore = "--ignore", .completer = complete::containers});
}

engine::WaitCondition parse_condition(const std::string& text) {
    if (text == "not-running") return engine::WaitCondition::not_running;
    if (text == "next-exit") return engine::WaitCondition::next_exit;
    if (text == "removed") return engine::WaitCondition::removed;
    throw Error(ErrorKind::usage,
                "invalid condition: {} (\"not-running\", \"next-exit\" and \"removed\" are valid)",
                skiff::quoted(text));
}

/// What can be waited for, or why not.
using Begun = std::variant<engine::ContainerWait, Error>;

Begun begin(const engine::Engine& engine, const std::string& name,
            engine::WaitCondition condition) {
    try {
        return engine::ContainerWait(engine, name, condition);
    } catch (const Error& error) {
        return error;
    }
}

int finish(Begun& begun) {
    if (const auto* error = std::get_if<Error>(&begun)) throw *error;
    return std::get<engine::ContainerWait>(begun).wait();
}

ExitCode run(engine::Engine& engine, const WaitFlags& flags) {
    const engine::WaitCondition condition = parse_condition(flags.condition);
    // All of them before the first is waited for, in the order in which they are told of then.
    ContainerChoice choice;
    choice.names = chosen_containers(engine, flags.choice, {});
    choice.ignore = flags.choice.ignore;
    std::vector<Begun> begun;
    for (const std::string& name : choice.names) begun.push_back(begin(engine, name, condition));
    auto next = begun.begin();
    return for_each_chosen(engine, choice, {}, [&](const std::string&) {
        const int code = finish(*next++);
        print_line(fmt::format("{}", code));
        flush_output();
    });
}

}  // namespace

Command wait_command() {
    return make_command<WaitFlags>(declare, run);
}

}  // namespace skiff::cli
