// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <span>

#include "base/error.h"
#include "cli/command.h"
#include "cli/output.h"

namespace skiff::cli {

// Made from completions/ by src/cli/meson.build.
extern const std::span<const unsigned char> bash_completion;
extern const std::span<const unsigned char> zsh_completion;
extern const std::span<const unsigned char> fish_completion;

namespace {

struct CompletionOptions {
    std::string shell;
};

void declare(CommandBuilder& command, CompletionOptions& options) {
    command.argument("SHELL", options.shell, complete::words("bash zsh fish"));
}

std::span<const unsigned char> script_for(std::string_view shell) {
    if (shell == "bash") return bash_completion;
    if (shell == "zsh") return zsh_completion;
    if (shell == "fish") return fish_completion;
    throw Error(ErrorKind::usage, "unknown shell '{}': bash, zsh or fish", shell);
}

ExitCode run(const CompletionOptions& options) {
    const std::span<const unsigned char> script = script_for(options.shell);
    print(std::string(script.begin(), script.end()));
    return ExitCode::ok;
}

}  // namespace

Command completion_command() {
    return make_command<CompletionOptions>(declare, run);
}

}  // namespace skiff::cli
