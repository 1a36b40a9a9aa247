// SPDX-License-Identifier: Apache-2.0
#include "engine/container/exec.h"

#include <unistd.h>

#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/commands/container/front.h"
#include "cli/container_flags.h"
#include "cli/output.h"
#include "cli/values.h"

namespace skiff::cli {
namespace {

struct ExecFlags {
    engine::ExecRequest request;
    engine::ExecOptions options;
    std::vector<std::string> env_files;
    std::string container;
    bool latest = false;
};

void declare(CommandBuilder& command, ExecFlags& flags) {
    engine::ExecRequest& request = flags.request;
    command.flag("-d,--detach", flags.options.detach,
                 "Leave the command running in the background");
    command.option("--detach-keys", flags.options.detach_keys, "string",
                   "Keys that leave the command running in the background");
    command.parsed(
        "-e,--env",
        [&](std::string_view value) {
            request.environment.push_back(parse_environment_entry(value));
        },
        "list", "Set environment variables");
    command.option("--env-file", flags.env_files, "list", "Read environment variables from a file",
                   complete::files);
    command.flag("-i,--interactive", request.interactive, "Give the command our input");
    command.flag("--privileged", request.privileged, "Give the command all capabilities");
    command.flag("-t,--tty", request.tty, "Give the command a terminal");
    command.option("-u,--user", request.user, "string",
                   "Username or UID (format: \"<name|uid>[:<group|gid>]\")");
    command.option("-w,--workdir", request.working_directory, "string",
                   "Working directory inside the container");
    declare_latest(command, flags.latest);
    command.argument("CONTAINER", flags.container, complete::running_containers,
                     [&flags] { return flags.latest; });
    command.program(request.command, true);
    command.usage("CONTAINER COMMAND [ARG...]");
}

ExitCode run(engine::Engine& engine, const ExecFlags& flags) {
    engine::ExecRequest request = flags.request;
    // Then all words are the command's.
    if (flags.latest && !flags.container.empty())
        request.command.insert(request.command.begin(), flags.container);
    prepend_environment_files(flags.env_files, request.environment);
    if (request.tty && request.interactive && !flags.options.detach && isatty(STDIN_FILENO) != 1) {
        print_error(Error(ErrorKind::usage, "the input device is not a TTY"));
        return ExitCode{1};  // Docker's status for this one
    }
    const engine::RunResult result = engine::exec_in_container(
        engine, flags.latest ? latest_container(engine) : flags.container, request, flags.options);
    print_phases(engine.phases());
    return end_as(result);
}

}  // namespace

Command exec_command() {
    return make_command<ExecFlags>(declare, run);
}

}  // namespace skiff::cli
