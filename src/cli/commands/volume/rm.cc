// SPDX-License-Identifier: Apache-2.0
#include "cli/command.h"
#include "cli/commands/volume/volume_names.h"
#include "cli/each.h"
#include "cli/output.h"
#include "engine/volume/volumes.h"

namespace skiff::cli {
namespace {

struct RmOptions {
    std::vector<std::string> volumes;
    bool force = false;
};

void declare(CommandBuilder& command, RmOptions& options) {
    command.flag("-f,--force", options.force, "Pass over volumes that do not exist");
    command.arguments("VOLUME", options.volumes, complete::volumes);
}

ExitCode run(engine::Engine& engine, const RmOptions& options) {
    return for_each_reporting(options.volumes, [&](const std::string& volume) {
        engine::remove_volume(engine, volume, options.force);
        print_line(volume);
    });
}

}  // namespace

Command volume_rm_command() {
    return make_command<RmOptions>(declare, run);
}

}  // namespace skiff::cli
