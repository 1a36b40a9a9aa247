// SPDX-License-Identifier: Apache-2.0
// --help texts in Docker's layout, from the declarations.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/command.h"
#include "cli/commands.h"

namespace skiff::cli {

/// What stands before the command: --root and so on, and the two flags that replace a command.
struct GlobalOptions {
    engine::EngineOptions engine;
    bool version = false;
};
void declare_globals(CommandBuilder& builder, GlobalOptions& options);

/// "Usage:  skiff run [OPTIONS] IMAGE [COMMAND] [ARG...]"
std::string usage_line(std::string_view path, const CommandBuilder& command);
/// `skiff run --help`
std::string command_help(const CommandRow& row, std::string_view path,
                         const CommandBuilder& command);
/// `skiff container --help`
std::string group_help(const GroupRow& group);
/// `skiff --help`
std::string top_help();

/// Options by long name, as help and manual list them.
std::vector<const OptionSpec*> sorted_options(const CommandBuilder& command);
/// The option's text, with its default where it has one.
std::string option_text(const OptionSpec& option);
/// Every way to type a command: "skiff container ls", "skiff ps", …; empty when there is only one.
std::vector<std::string> all_paths(const CommandRow& row);

}  // namespace skiff::cli
