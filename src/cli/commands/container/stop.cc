// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/each.h"
#include "cli/output.h"
#include "engine/container/lifecycle.h"

namespace skiff::cli {
namespace {

struct StopFlags {
    std::vector<std::string> containers;
    std::optional<int> timeout;
    std::string signal;
};

void declare(CommandBuilder& command, StopFlags& flags) {
    command.option("-s,--signal", flags.signal, "string",
                   "Signal to send (default: the container's, else SIGTERM)");
    command.option(
        "-t,--timeout,--time", flags.timeout, "int",
        "Seconds to wait before killing it, -1: for ever (default: the container's, else 10)");
    command.arguments("CONTAINER", flags.containers, complete::running_containers);
}

ExitCode run(engine::Engine& engine, const StopFlags& flags) {
    return for_each_reporting(flags.containers, [&](const std::string& name) {
        engine::stop_container(engine, name,
                               {.timeout_seconds = flags.timeout, .signal = flags.signal});
        print_line(name);
    });
}

}  // namespace

Command stop_command() {
    return make_command<StopFlags>(declare, run);
}

}  // namespace skiff::cli
