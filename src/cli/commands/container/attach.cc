// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "cli/command.h"
#include "cli/commands/container/container_choice.h"
#include "cli/commands/container/container_names.h"
#include "cli/commands/container/front.h"
#include "cli/output.h"
#include "engine/container/exec.h"

namespace skiff::cli {
namespace {

struct AttachFlags {
    std::string container;
    std::string detach_keys = engine::AttachRequest{}.detach_keys;
    bool latest = false;
    bool no_stdin = false;
    bool signal_proxy = true;
};

void declare(CommandBuilder& command, AttachFlags& flags) {
    command.option("--detach-keys", flags.detach_keys, "string",
                   "Keys that leave the container running in the background");
    command.flag("--no-stdin", flags.no_stdin, "Do not give the container our input");
    command.flag("--sig-proxy", flags.signal_proxy,
                 "Pass signals that reach this command on to the program");
    declare_latest(command, flags.latest);
    command.argument("CONTAINER", flags.container, complete::running_containers,
                     [&flags] { return flags.latest; });
}

ExitCode run(engine::Engine& engine, const AttachFlags& flags) {
    if (flags.latest && !flags.container.empty())
        throw Error(ErrorKind::usage, "--latest and the name of a container exclude each other");
    const std::string container = flags.latest ? latest_container(engine) : flags.container;
    if (!flags.no_stdin && isatty(STDIN_FILENO) != 1 &&
        engine::has_running_terminal(engine, container)) {
        print_error(Error(ErrorKind::usage, "the input device is not a TTY"));
        return ExitCode{1};  // Docker's status for this one
    }
    return end_as(engine::attach_container(engine, container,
                                           {.input = !flags.no_stdin,
                                            .signal_proxy = flags.signal_proxy,
                                            .detach_keys = flags.detach_keys}));
}

}  // namespace

Command attach_command() {
    return make_command<AttachFlags>(declare, run);
}

}  // namespace skiff::cli
