// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "cli/command.h"
#include "cli/commands/container/container_names.h"
#include "cli/commands/container/front.h"
#include "cli/each.h"
#include "cli/output.h"
#include "engine/container/run.h"

namespace skiff::cli {
namespace {

constexpr std::array not_yet{UnsupportedFlag{"checkpoint"}, UnsupportedFlag{"checkpoint-dir"},
                             UnsupportedFlag{"detach-keys"}};

struct StartOptions {
    std::vector<std::string> containers;
    bool attach = false;
    bool interactive = false;
};

void declare(CommandBuilder& command, StartOptions& options) {
    command.flag("-a,--attach", options.attach,
                 "Stay in front of the container: its output, and signals to it");
    command.flag("-i,--interactive", options.interactive,
                 "Stay in front of the container, and give it our input");
    command.arguments("CONTAINER", options.containers, complete::containers);
    command.unsupported(not_yet);
}

ExitCode run(engine::Engine& engine, const StartOptions& options) {
    const bool attach = options.attach || options.interactive;
    if (!attach) {
        const ExitCode code = for_each_reporting(options.containers, [&](const std::string& name) {
            engine::start_container(engine, name, {});
            print_line(name);
        });
        print_phases(engine.phases());
        return code;
    }
    if (options.containers.size() > 1)
        throw Error(ErrorKind::usage, "you cannot start and attach multiple containers at once");
    const engine::RunResult result = engine::start_container(
        engine, options.containers[0], {.attach = true, .interactive = options.interactive});
    print_phases(engine.phases());
    return end_as(result);
}

}  // namespace

Command start_command() {
    return make_command<StartOptions>(declare, run);
}

}  // namespace skiff::cli
