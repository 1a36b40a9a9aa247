// SPDX-License-Identifier: Apache-2.0
#include "cli/help.h"

#include "base/text.h"
#include "cli/command.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace skiff::cli {
namespace {

struct HelpOptions {
    std::vector<std::string> words;
};

void declare(CommandBuilder& command, HelpOptions& options) {
    command.optional_arguments("COMMAND", options.words, complete::commands);
    command.usage("[COMMAND]");
}

ExitCode run(const HelpOptions& options) {
    if (options.words.empty()) {
        print(top_help());
        return ExitCode::ok;
    }
    const std::vector<std::string_view> words(options.words.begin(), options.words.end());
    const ResolvedCommand resolved = resolve_command(words);
    if (resolved.row != nullptr && resolved.words == words.size()) {
        const Command command = resolved.row->make();
        CommandBuilder builder;
        command->declare(builder);
        print(command_help(*resolved.row, resolved.path, builder));
        return ExitCode::ok;
    }
    if (resolved.group != nullptr && resolved.words == words.size()) {
        print(group_help(*resolved.group));
        return ExitCode::ok;
    }
    print_error(Error(ErrorKind::usage, "unknown help topic: {}", join(options.words, " ")));
    print_for_people("\nRun 'skiff --help' for a list of commands\n");
    return ExitCode::wrong_arguments;
}

}  // namespace

Command help_command() {
    return make_command<HelpOptions>(declare, run);
}

}  // namespace skiff::cli
